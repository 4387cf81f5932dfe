"""Text of others is harmless in messages, and told in moderation."""

import pytest
from pipecat_voice_test.engine.plain import Seldom, last_lines, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[31mred\x1b[0m", "red", id="colours"),
        pytest.param("\x1b]0;title\x07text", "text", id="titles"),
        pytest.param("a\x00\x08\x7f\x9bb", "ab", id="control-characters"),
        pytest.param("a\tb\nc", "a\tb\nc", id="but-not-tabs-and-lines"),
    ],
)
def test_text_acts_on_no_terminal_by(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("1\n2\n3\n", ["2", "3"], id="are-the-last"),
        pytest.param("1\n\n2\n \n3\n\n", ["2", "3"], id="say-something"),
        pytest.param("0%\r50%\r100%\r\ndone", ["100%", "done"], id="look-as-they-looked-last"),
        pytest.param("", [], id="may-be-none"),
        pytest.param("x" * 1000, ["x" * 300], id="are-not-endless"),
    ],
)
def test_last_lines(text: str, lines: list[str]) -> None:
    assert last_lines(text, 2) == lines


def test_much_is_told_seldom_and_the_first_at_once() -> None:
    told: list[str] = []
    seldom = Seldom(told.append, every_s=60.0)

    for number in range(100):
        seldom(f"\x1b[1mlayer {number}")

    assert told == ["layer 0"]


def test_with_time_between_them_all_is_told() -> None:
    told: list[str] = []
    seldom = Seldom(told.append, every_s=0.0)

    seldom("one")
    seldom("two")

    assert told == ["one", "two"]
