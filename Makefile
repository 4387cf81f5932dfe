# All set-up happens in a virtual environment in this folder; nothing is left outside it.
# It is made by the first target that needs it, and brought up to date when a lock file or
# pyproject.toml changes.
#
#   PYTHON=…   the Python to use; else the newest suitable one on PATH
#   VENV=…     the folder of the virtual environment, to have several side by side
#   ARGS=…     options for the command behind `demo`, `test`, `bench` or `detect`

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint bench detect setup setup-dev lock clean

PYTHON ?=
VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-cache-dir

UV_VERSION := 0.13.9
COMPILE := .venv-lock/bin/uv pip compile --quiet --no-cache --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" $(ARGS)

# Clips of the speech engine; anywhere else than the user's own cache folder.
export PVT_CACHE_DIR ?= $(CURDIR)/.cache

help:  ## say what can be made here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.runtime  ## phone the example bot; the report lands in voice-test-results/
	@$(BIN)/pipecat-voice-test demo --workers 5 $(ARGS)

# A home and a temporary folder that go away again: speech engines leave things in both.
# Two tests at a time where there are two CPUs; ARGS=-n0 has one after the other.
DIVIDED := --numprocesses auto --dist loadscope --no-loadscope-reorder
test: $(VENV)/.dev  ## run the tests
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT INT TERM && \
		HOME="$$tmp" TMPDIR="$$tmp" $(BIN)/python -m pytest $(DIVIDED) $(ARGS)

lint: $(VENV)/.dev  ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(VENV)/.dev  ## how exact the figures are, against bots whose timing is known
	@$(BIN)/python -m bench $(ARGS)

detect: $(VENV)/.dev  ## which faults are found, and whether a healthy bot is blamed
	@$(BIN)/python -m bench.detect $(ARGS)

setup: $(VENV)/.runtime  ## only set up what `demo` needs
setup-dev: $(VENV)/.dev  ## only set up what `test` and `lint` need

lock:  ## write the lock files anew; ARGS=--upgrade takes the newest versions
	@python=$$(tools/find-python $(PYTHON)) && "$$python" -m venv .venv-lock
	@.venv-lock/bin/python -m pip --quiet --no-cache-dir install uv==$(UV_VERSION)
	@$(COMPILE) pyproject.toml requirements/build.in --extra speech --extra webrtc --extra dev -o requirements/dev.txt
	@$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt
	@$(COMPILE) pyproject.toml -c requirements/dev.txt --extra speech -o requirements/speech.txt
	@$(COMPILE) pyproject.toml -c requirements/dev.txt --extra webrtc -o requirements/webrtc.txt
	@$(COMPILE) requirements/build.in -c requirements/dev.txt -o requirements/build.txt
	@$(COMPILE) requirements/ci.in -o requirements/ci.txt
	@rm -rf .venv-lock

clean:  ## remove everything that was made here
	rm -rf $(VENV) .venv-* .cache .mypy_cache .pytest_cache .ruff_cache voice-test-results bench-results
	find runner tests examples bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# pip asks `rustc` for its version, and where that is rustup's, it makes a folder at home.
$(VENV)/.created $(VENV)/.runtime $(VENV)/.dev lock: export RUSTUP_HOME := $(CURDIR)/.cache/rustup

$(VENV)/.created:
	@python=$$(tools/find-python $(PYTHON)) && \
		echo "Setting up $(VENV) with $$("$$python" --version), once." && \
		"$$python" -m venv --clear $(VENV)
	@touch $@

$(VENV)/.runtime: requirements/build.txt requirements/speech.txt pyproject.toml $(VENV)/.created
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/speech.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
