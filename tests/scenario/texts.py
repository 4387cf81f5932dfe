"""Scenario files written on the fly."""

from pathlib import Path
from textwrap import dedent

from pipecat_voice_test.errors import ScenarioError
from pipecat_voice_test.scenario.load import read_all
from pipecat_voice_test.scenario.model import Scenario


def write(folder: Path, text: str | bytes, name: str = "s.yaml") -> Path:
    """Write one file; returns its name, as somebody in `folder` would type it."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
    return Path(name)


def scenarios(folder: Path, text: str) -> list[Scenario]:
    """The scenarios of a file with this text; any mistake in it fails the test."""
    read, errors = read_all([write(folder, text)], cwd=folder)
    assert errors == []
    return read


def scenario(folder: Path, text: str) -> Scenario:
    (only,) = scenarios(folder, text)
    return only


def complaint(folder: Path, text: str | bytes) -> str:
    """What is said about a file with this text; `folder` itself becomes `<folder>`."""
    (error,) = errors(folder, text)
    return str(error).replace(str(folder), "<folder>")


def errors(folder: Path, text: str | bytes) -> list[ScenarioError]:
    return read_all([write(folder, text)], cwd=folder)[1]
