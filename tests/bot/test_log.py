"""A bot may print without end; the last of it is kept and every position stays valid."""

import pytest
from pipecat_voice_test.bot.log import LogRing


def ring(*pieces: bytes, kept_bytes: int = 100) -> LogRing:
    log = LogRing(kept_bytes)
    for piece in pieces:
        log.append(piece)
    return log


@pytest.mark.parametrize(
    ("pieces", "position", "text"),
    [
        pytest.param([], 0, "", id="nothing-printed"),
        pytest.param([b"one\n", b"two\n"], 0, "one\ntwo\n", id="all-of-it"),
        pytest.param([b"one\n", b"two\n"], 4, "two\n", id="what-came-after"),
        pytest.param([b"one\n"], 4, "", id="nothing-came-after"),
        pytest.param(
            [b"x" * 60, b"y" * 60],
            0,
            "[20 bytes before this were not kept]\n" + "x" * 40 + "y" * 60,
            id="the-oldest-is-dropped-and-counted",
        ),
        pytest.param([b"x" * 60, b"y" * 60], 60, "y" * 60, id="positions-survive-dropping"),
        pytest.param([b"z" * 500], 450, "z" * 50, id="one-piece-larger-than-all"),
        pytest.param([b"\xff!"], 0, "�!", id="bytes-that-are-no-text"),
    ],
)
def test_log_since(pieces: list[bytes], position: int, text: str) -> None:
    assert ring(*pieces).since(position) == text


def test_position_counts_dropped_bytes_too() -> None:
    log = ring(b"x" * 250)

    assert (log.position, log.dropped_bytes) == (250, 150)


@pytest.mark.parametrize(
    ("printed", "evidence"),
    [
        pytest.param(b"", "It logged nothing.", id="silent"),
        pytest.param(b" \n\n", "It logged nothing.", id="blank-lines"),
        pytest.param(b"a\nb\n", "Last lines it logged:\n  a\n  b", id="lines"),
        pytest.param(
            b"\x1b[31mred\x1b[0m\x07\x1b]0;title\x07!\n",
            "Last lines it logged:\n  red!",
            id="nothing-that-acts-on-a-terminal",
        ),
        pytest.param(
            b"1%\r100%\n", "Last lines it logged:\n  1%\n  100%", id="progress-in-one-line"
        ),
    ],
)
def test_evidence(printed: bytes, evidence: str) -> None:
    assert ring(printed).evidence() == evidence


def test_evidence_is_the_last_fifty_lines() -> None:
    log = LogRing()
    log.append(b"".join(b"line %d\n" % number for number in range(1000)))

    assert log.last_lines() == [f"line {number}" for number in range(950, 1000)]


def test_evidence_of_one_endless_line_is_short() -> None:
    log = LogRing()
    log.append(b"x" * 1_000_000)

    assert len(log.evidence()) < 20_000
