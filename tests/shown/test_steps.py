"""How far work on many files is shows on a terminal, and in no log."""

import io

import pytest
from pipecat_voice_test.shown.steps import steps


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "environ"),
    [
        pytest.param(io.StringIO(), {"TERM": "xterm"}, id="a-file"),
        pytest.param(Terminal(), {"TERM": "xterm", "CI": "true"}, id="the-log-of-a-job"),
        pytest.param(Terminal(), {"TERM": "dumb"}, id="a-terminal-that-cannot"),
    ],
)
def test_nothing_is_drawn_where_nobody_sits(out: io.StringIO, environ: dict[str, str]) -> None:
    with steps("Joining calls", 2, out, environ) as done:
        done()
        done()

    assert out.getvalue() == ""


def test_a_bar_says_what_is_done_and_goes_away() -> None:
    out = Terminal()
    with steps("Joining calls", 2, out, {"TERM": "xterm"}) as done:
        done()
        done()

    assert "Joining calls" in out.getvalue()
    assert "2/2" in out.getvalue()
    assert out.getvalue().rstrip().endswith("\x1b[2K")  # The line is empty again.
