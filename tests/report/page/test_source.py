"""A scenario's text beside its calls."""

from pathlib import Path

import pytest
from pipecat_voice_test.report.page.source import LINES_SHOWN, source_lines
from pipecat_voice_test.scenario.model import Scenario

SEVERAL = """limits: none
scenarios:
  - name: first
    turns: []
  - name: second
    turns: []
"""


def scenario(source: str, line: int = 1) -> Scenario:
    return Scenario("hours", Path("hours.yaml"), line, (), source=source)


def test_the_lines_that_failed_are_lit() -> None:
    lines = source_lines(scenario("name: a\nturns:\n  - expect: []\n"), {3})

    assert [(line.number, line.is_failing) for line in lines] == [(1, False), (2, False), (3, True)]
    assert lines[2].text == "  - expect: []"


@pytest.mark.parametrize(
    ("line", "numbers"), [(3, [1, 2, 3, 4]), (5, [1, 2, 5, 6])], ids=["first", "second"]
)
def test_of_several_in_a_file_only_its_own_are_shown_and_what_holds_for_all(
    line: int, numbers: list[int]
) -> None:
    lines = source_lines(scenario(SEVERAL, line), set(), [5, 3])

    assert [one.number for one in lines] == numbers
    assert [one.number for one in lines if one.follows_gap] == [n for n in numbers if n == 5]


def test_of_a_long_file_the_part_that_failed_is_shown() -> None:
    lines = source_lines(scenario("x\n" * 5000), {3000})

    assert len(lines) == LINES_SHOWN
    assert 3000 in [line.number for line in lines if line.is_failing]
    assert lines[0].follows_gap


def test_windows_line_ends_do_not_shift_the_numbers() -> None:
    assert [line.text for line in source_lines(scenario("a\r\nb\r\nc"), set())] == ["a", "b", "c"]


def test_secrets_and_control_characters_are_not_shown() -> None:
    lines = source_lines(scenario("parameters: {api_key: abc123}\n\x1b[31mred\x07"), set())

    assert [line.text for line in lines] == ["parameters: {api_key: ***}", "red"]


def test_a_scenario_without_a_text_shows_none() -> None:
    assert source_lines(scenario(""), {3}) == []
