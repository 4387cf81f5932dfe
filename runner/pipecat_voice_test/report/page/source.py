"""The text of a scenario's file, with the lines that failed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipecat_voice_test.report.text import masked, plain_text, shortened
from pipecat_voice_test.scenario.model import Scenario

LINES_SHOWN = 400
LINE_CHARACTERS = 300
_ABOVE = 40  # Where not all lines are shown, so many before one that failed.


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line; `follows_gap` if lines before it are not shown."""

    number: int
    text: str
    is_failing: bool
    follows_gap: bool


def source_lines(
    scenario: Scenario, failing: Collection[int], begins: Sequence[int] = ()
) -> list[SourceLine]:
    """What a reader needs of a scenario's file.

    Args:
        scenario: Its `source` is the whole file; nothing is shown without one.
        failing: Numbers of the lines whose checks failed.
        begins: The lines, from 1, on which scenarios of the same file begin. Of several only
            this one's lines are shown, and those before the first, which hold for all.
    """
    texts = scenario.source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if texts and not texts[-1].strip():
        texts.pop()
    numbers = _bounded(_own_lines(scenario.line_number, begins, len(texts)), failing)
    gaps = {after for before, after in pairwise(numbers) if after != before + 1}
    if numbers and numbers[0] > 1:
        gaps.add(numbers[0])
    return [
        SourceLine(number, _shown(texts[number - 1]), number in failing, number in gaps)
        for number in numbers
    ]


def _own_lines(begin: int, begins: Sequence[int], total: int) -> list[int]:
    starts = sorted(set(begins))
    if len(starts) < 2 or begin not in starts:
        return list(range(1, total + 1))
    following = next((start for start in starts if start > begin), total + 1)
    return [*range(1, starts[0]), *range(begin, min(following, total + 1))]


def _bounded(numbers: list[int], failing: Collection[int]) -> list[int]:
    if len(numbers) <= LINES_SHOWN:
        return numbers
    first = next((place for place, number in enumerate(numbers) if number in failing), 0)
    start = min(max(first - _ABOVE, 0), len(numbers) - LINES_SHOWN)
    return numbers[start : start + LINES_SHOWN]


def _shown(line: str) -> str:
    text = plain_text(shortened(line, LINE_CHARACTERS)).replace("\n", " ")
    return masked(text)
