"""What is wrong in a scenario file, where, and what its author should write instead.

A reader collects every mistake of a file, so that one run of `validate` shows them all.
The message's shape is that of STYLE 9.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pipecat_voice_test.errors import ScenarioError


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file, from 1.

    Attributes:
        top_line: The same line, or the line of the scenario file that includes `file`: the
            one that reports can point at.
    """

    top_line: int
    line: int
    file: Path

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake; `fix` may have several lines."""

    place: Place
    what: str
    fix: str


class Mistaken(Exception):
    """Reading cannot go on past this mistake; it becomes a `ScenarioError` in `load`."""

    def __init__(self, place: Place, what: str, fix: str) -> None:
        super().__init__(what)
        self.mistake = Mistake(place, what, fix)


def scenario_error(mistakes: Iterable[Mistake]) -> ScenarioError:
    """One error for a file: the first mistake in front, the others as evidence."""
    first, *others = sorted(set(mistakes))
    return ScenarioError(
        f"{first.place}: {first.what}",
        fix=first.fix,
        evidence="\n".join(f"{other.place}: {other.what}\n  Fix: {other.fix}" for other in others),
    )


def did_you_mean(given: str, known: Collection[str], otherwise: str) -> str:
    """The fix for a misspelt word: the nearest known one, or `otherwise`."""
    matches = get_close_matches(given.lower(), known, n=1)
    return f"did you mean `{matches[0]}`?" if matches else otherwise


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as a sentence has them: `a`, `b` and `c`."""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"
