"""The README says what `--help`, the limits and the grammar say, and its scenarios are good."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml
from pipecat_voice_test.asked.options import RUN_SETTINGS
from pipecat_voice_test.cli import main
from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.scenario.limits import DEFAULT_LIMITS, METRICS, Statistic
from pipecat_voice_test.scenario.load import read_all
from pipecat_voice_test.scenario.model import EventName

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
SCENARIOS = [text for text in BLOCKS if "turns:" in text]
(WORKFLOW,) = (text for text in BLOCKS if "uses: org/pipecat-voice-test@v1" in text)
(GITLAB,) = (text for text in BLOCKS if "component:" in text)
EXIT_CODE = re.compile(r"^ +(\d)  (.+)$", re.MULTILINE)


def table(*header: str) -> list[list[str]]:
    """The rows of the README's table with this header, cell by cell."""
    _, found, rest = README.partition(f"| {' | '.join(header)} |\n")
    assert found, header
    _ruler, *lines = rest.splitlines()
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        rows.append([cell.strip().replace("\\|", "|") for cell in cells])
    return rows


@cache
def help_of(*command: str) -> str:
    """What `--help` prints, broken nowhere within a sentence."""
    words = [sys.executable, "-m", "pipecat_voice_test", *command, "--help"]
    result = subprocess.run(words, capture_output=True, text=True, check=True)
    return result.stdout


@pytest.mark.parametrize("command", [(), ("run",), ("demo",)], ids=" ".join)
def test_exit_codes_are_those_of_help(command: tuple[str, ...]) -> None:
    told = [[code, meaning] for code, meaning in EXIT_CODE.findall(help_of(*command))]

    assert told == table("code", "meaning")
    assert [int(code) for code, _ in told] == list(ExitCode)


def test_the_order_of_exit_codes_is_that_of_help() -> None:
    (order,) = re.findall(r"^ *(Several apply: .*)$", help_of("run"), re.MULTILINE)

    assert f"\n{order}\n" in README


def test_commands_are_those_of_help() -> None:
    assert {row[0] for row in table("command", "does")} == {f"`{name}`" for name in main.commands}


def test_options_are_those_of_help_in_its_order_with_the_same_defaults() -> None:
    told = []
    for line in help_of("run").partition("Options:\n")[2].splitlines():
        if names := re.match(r"  (-\S.*?)(?:  |$)", line):
            told.append(names[1])
    in_readme = []
    for option, default, _meaning in table("option", "default", "meaning"):
        *short, long = re.findall(r"`(.+?)`", option)
        in_readme.append(", ".join([*(name.split()[0] for name in short), long]))
        (setting,) = (s for s in RUN_SETTINGS if f"--{s.name}" == long.split()[0])
        assert default == (f"`{setting.default}`" if setting.default else "")

    assert in_readme == told[:-1]
    assert told[-1] == "-h, --help"


def test_events_are_those_of_the_grammar() -> None:
    callers_own = {EventName.USER_STARTED_SPEAKING, EventName.USER_STOPPED_SPEAKING}

    rows = table("event", "happens when", "`within_ms` counts from")

    assert [row[0] for row in rows] == [f"`{e}`" for e in EventName if e not in callers_own]


def test_limits_are_the_default_ones() -> None:
    def shown(statistic: Statistic, limit: float) -> str:
        return f"at least {limit:g}" if statistic == "at_least" else f"{statistic} ≤ {limit:g}"

    assert table("metric", "means", "default limit") == [
        [f"`{name}`", METRICS[name].means, ", ".join(shown(*gate) for gate in gates.items())]
        for name, gates in DEFAULT_LIMITS.gates.items()
    ]


@pytest.mark.parametrize("text", SCENARIOS, ids=["first", "every-turn"])
def test_scenarios_are_good_and_nothing_of_them_is_skipped(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)

    scenarios, errors = read_all([tmp_path], cwd=tmp_path)

    assert errors == []
    assert [scenario.skip_reason for scenario in scenarios] == [""]
    assert not [e for turn in scenarios[0].turns for e in turn.expect if e.skip_reason]


def test_the_workflow_gives_inputs_that_the_action_has() -> None:
    (job,) = yaml.safe_load(WORKFLOW)["jobs"].values()
    (step,) = (step for step in job["steps"] if step["uses"].startswith("org/"))

    assert set(step["with"]) <= set(yaml.safe_load((ROOT / "action.yml").read_text())["inputs"])
    assert job["steps"][-1]["with"]["path"] == "voice-test-results/"


def test_the_gitlab_job_gives_inputs_that_the_template_has() -> None:
    (include,) = yaml.safe_load(GITLAB)["include"]
    spec = next(yaml.safe_load_all((ROOT / "templates/voice-test.yml").read_text()))["spec"]

    assert set(include["inputs"]) <= set(spec["inputs"])
    assert {n for n, one in spec["inputs"].items() if "default" not in one} <= set(
        include["inputs"]
    )


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", README, re.MULTILINE))
def test_make_has_the_target(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_outputs_are_those_of_the_action() -> None:
    outputs = yaml.safe_load((ROOT / "action.yml").read_text())["outputs"]

    told = {row[0].strip("`"): row[1] for row in table("output", "is")}

    assert {name: text.lower() for name, text in told.items()} == {
        name: one["description"].rstrip(".").lower() for name, one in outputs.items()
    }


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_a_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_doors_are_those_whose_commands_are_run() -> None:
    """tests/e2e/test_doors.py runs the commands of this page."""
    page = (ROOT / "examples/doors/README.md").read_text()
    _, _, rest = page.partition("| door | command |\n|---|---|\n")
    commands, _, _ = rest.partition("\n\n")

    assert f"| door | command |\n|---|---|\n{commands}\n" in README
