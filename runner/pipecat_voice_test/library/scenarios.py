"""Scenarios for programs: read from files, folders or a text."""

from os import PathLike
from pathlib import Path

from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.scenario.load import load_paths, load_text
from pipecat_voice_test.scenario.model import Scenario

ScenarioSource = Scenario | str | PathLike[str]


def load_scenarios(*paths: str | PathLike[str]) -> list[Scenario]:
    """The scenarios of files and folders, in the order given; folders sorted by path.

    Raises:
        UsageError: A path does not exist, or holds no scenario.
        ScenarioError: A file is wrong.
    """
    return load_paths([Path(path) for path in paths], cwd=Path.cwd())


def one_scenario(source: ScenarioSource) -> Scenario:
    """What somebody means by one scenario.

    Args:
        source: One that was loaded, the path of a file with one in it, or the text of such a
            file, which has more than one line.

    Raises:
        UsageError: There is no such file, or there are several scenarios in it.
        ScenarioError: It is wrong.
    """
    if isinstance(source, Scenario):
        return source
    if isinstance(source, str) and "\n" in source:
        found, where = load_text(source, cwd=Path.cwd()), "This text"
    else:
        found, where = load_scenarios(source), str(Path(source))
    if len(found) != 1:
        names = ", ".join(f"`{one.name}`" for one in found[:5])
        raise UsageError(
            f"{where} holds {len(found)} scenarios ({names}{', …' * (len(found) > 5)}), and one "
            "call plays one.",
            fix="take them apart with `load_scenarios(path)`, and call the bot with each.",
        )
    return found[0]
