"""`make` takes the newest Python that can run this project, and says what is missing."""

import subprocess
from pathlib import Path

import pytest

FIND = Path(__file__).parents[1] / "tools" / "find-python"
INSTALL = (
    "  Fix: install one (on Debian 12: apt-get install python3 python3-venv),\n"
    "       or name yours: make PYTHON=/path/to/python3.12 …\n"
)


def machine_with(folder: Path, pythons: dict[str, str]) -> dict[str, str]:
    """A PATH on which these commands are; `3.12-` is a Python without the venv module."""
    for name, version in pythons.items():
        venv = "exit 1" if version.endswith("-") else "exit 0"
        answer = f"case $2 in *ensurepip*) {venv};; *) echo {version.rstrip('-')};; esac"
        (folder / name).write_text(f"#!/bin/sh\n{answer if version else 'exit 127'}\n")
        (folder / name).chmod(0o755)
    return {"PATH": str(folder)}


def find(environ: dict[str, str], *asked: str) -> tuple[int, str]:
    found = subprocess.run(
        ["/bin/sh", str(FIND), *asked], env=environ, capture_output=True, text=True
    )
    return found.returncode, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("pythons", "asked", "found"),
    [
        pytest.param({"python3": "3.11"}, [], "python3", id="the-only-one"),
        pytest.param({"python3.11": "3.11", "python3.13": "3.13"}, [], "python3.13", id="newest"),
        pytest.param({"python3.13": "", "python3": "3.11"}, [], "python3", id="one-that-runs"),
        pytest.param(
            {"python3.13": "3.13-", "python3.11": "3.11"}, [], "python3.11", id="has-venv"
        ),
        pytest.param({"python3": "3.10", "python": "3.12"}, [], "python", id="not-too-old"),
        pytest.param(
            {"python3.13": "3.13", "mine": "3.12"}, ["mine"], "mine", id="the-one-that-was-named"
        ),
    ],
)
def test_which_python_is_taken(
    pythons: dict[str, str], asked: list[str], found: str, tmp_path: Path
) -> None:
    assert find(machine_with(tmp_path, pythons), *asked) == (0, f"{found}\n")


@pytest.mark.parametrize(
    ("pythons", "asked", "said"),
    [
        pytest.param({}, [], f"There is no Python from 3.11 to 3.14 here.\n{INSTALL}", id="none"),
        pytest.param(
            {"python3": "3.9", "python": "2.7"},
            [],
            f"There is no Python from 3.11 to 3.14 here.\n{INSTALL}"
            "  Found: python3 (Python 3.9) python (Python 2.7)\n",
            id="too-old",
        ),
        pytest.param(
            {"python3": "3.11-"},
            [],
            "Python 3.11 is here, but it cannot make a virtual environment.\n"
            "  Fix: apt-get install python3.11-venv\n",
            id="without-venv",
        ),
        pytest.param(
            {"python3": "3.11"},
            ["nowhere"],
            f"nowhere is not a Python from 3.11 to 3.14.\n{INSTALL}",
            id="named-but-not-there",
        ),
    ],
)
def test_what_is_missing_is_said(
    pythons: dict[str, str], asked: list[str], said: str, tmp_path: Path
) -> None:
    assert find(machine_with(tmp_path, pythons), *asked) == (1, said)
