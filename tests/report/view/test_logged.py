"""Lines of bot.log have the time of the piece they begin in, and none where nobody knows."""

import pytest
from pipecat_voice_test.report.text import line_starts, plain_text
from pipecat_voice_test.report.view.logged import lines_logged


@pytest.mark.parametrize(
    ("pieces", "logged"),
    [
        pytest.param([], (), id="nothing-printed"),
        pytest.param([(-40, "listens\n"), (0, "one\n")], ((-40, 1), (0, 2)), id="before-the-call"),
        pytest.param([(5, "a\nb\nc\n"), (7, "d\n")], ((5, 1), (7, 4)), id="several-in-a-piece"),
        pytest.param(
            [(5, "a li"), (6, "ne in"), (7, " pieces\nnext\n")],
            ((5, 1), (7, 2)),
            id="a-line-came-when-it-began",
        ),
        pytest.param([(5, "one"), (6, "\ntwo")], ((5, 1), (6, 2)), id="the-line-end-came-later"),
        pytest.param([(5, "one\n"), (6, "\n\n")], ((5, 1), (6, 2)), id="empty-lines-too"),
        pytest.param([(None, "ready\nli"), (6, "ne\nnext")], ((6, 3),), id="unknown-at-first"),
        pytest.param(
            [(5, "1%\r2%"), (6, "\r3%"), (7, "\r\nend\n")],
            ((5, 1), (6, 3), (7, 4)),
            id="a-progress-bar-is-many-lines",
        ),
        pytest.param(
            [(5, "a\r"), (6, "\nb\r\n")], ((5, 1), (6, 2)), id="a-line-end-cut-in-two-is-one"
        ),
        pytest.param(
            [(5, "\x1b[3"), (6, "1mred\x1b]0;ti\rtle"), (7, "\x07\n"), (8, "two\n")],
            ((5, 1), (8, 2)),
            id="what-is-in-an-escape-sequence-ends-no-line",
        ),
        pytest.param([(5, "a\u2028b\u2029"), (6, "c")], ((5, 1), (6, 3)), id="separators"),
    ],
)
def test_lines_logged(
    pieces: list[tuple[float | None, str]], logged: tuple[tuple[float, int], ...]
) -> None:
    text, moments = "", []
    for at_ms, piece in pieces:
        if at_ms is not None:
            moments.append((len(text), at_ms))
        text += piece

    assert lines_logged(text, moments) == logged


def test_without_times_no_line_has_one() -> None:
    assert lines_logged("one\ntwo\n", ()) == ()


PARTS = [
    "a", "\n", "\r", "\r\n", "\x1b[0m", "\x1b]0;t\r\x07", "\x1b]8;;x", "\x1b", "\x00", "\x85",
    "\u2028", "\x9b1m", "::", "\x07", "\\",
]  # fmt: skip


@pytest.mark.parametrize("first", PARTS)
@pytest.mark.parametrize("second", PARTS)
def test_lines_begin_where_those_of_the_plain_text_do(first: str, second: str) -> None:
    for third in PARTS:
        for fourth in PARTS:
            text = f"x{first}{second}{third}{fourth}y"
            starts = list(line_starts(text))

            assert len(starts) == len(plain_text(text).split("\n"))
            assert [plain_text(text[:start]).count("\n") for start in starts] == [
                *range(len(starts))
            ]
