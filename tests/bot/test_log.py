"""A bot may print without end; the last of it is kept and every position stays valid."""

import pytest
from pipecat_voice_test.bot.log import LogRing

MS = 1_000_000


def ring(*pieces: bytes, kept_bytes: int = 100) -> LogRing:
    log = LogRing(kept_bytes)
    for piece in pieces:
        log.append(piece)
    return log


def timed(*pieces: tuple[float, bytes], kept_bytes: int = 100, kept_pieces: int = 100) -> LogRing:
    """A ring that was told each of `pieces` when its milliseconds were there."""
    now = iter(round(at_ms * MS) for at_ms, _ in pieces)
    log = LogRing(kept_bytes, kept_pieces=kept_pieces, now_ns=lambda: next(now))
    for _, data in pieces:
        log.append(data)
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


@pytest.mark.parametrize(
    ("pieces", "position", "moments"),
    [
        pytest.param([], 0, [], id="nothing-printed"),
        pytest.param(
            [(5, b"one\n"), (70, b"two\n")], 0, [("one", 5), ("two", 70)], id="each-piece-its-own"
        ),
        pytest.param([(5, b"one\n"), (70, b"two\n")], 4, [("two", 70)], id="what-came-after"),
        pytest.param([(5, b"one\n")], 4, [], id="nothing-came-after"),
        pytest.param(
            [(5, b"one\ntwo\n"), (70, b"three")],
            4,
            [("two", 5), ("three", 70)],
            id="a-piece-that-began-before",
        ),
        pytest.param(
            [(5, b"a"), (8, b"b"), (14.9, b"c"), (15, b"d"), (16, b"e")],
            0,
            [("abc", 5), ("de", 15)],
            id="what-comes-within-ten-milliseconds-is-one",
        ),
        pytest.param(
            [(5, b"one tw"), (70, b"o\nthree\n")],
            4,
            [("w", 5), ("o\nthree", 70)],
            id="asked-for-within-a-line-its-beginning-is-not-known",
        ),
        pytest.param(
            [(5, b"1 \xe2\x82"), (70, b"\xac 2 \xff 3")],
            0,
            [("1 ", 5), ("\u20ac 2 \ufffd 3", 70)],
            id="a-character-cut-in-two-came-with-its-end",
        ),
        pytest.param(
            [(5, b"\xe2"), (70, b"\x82\xac 2\n")],
            0,
            [("", 5), ("\u20ac 2", 70)],
            id="also-the-first-one",
        ),
    ],
)
def test_every_piece_has_its_time(
    pieces: list[tuple[float, bytes]], position: int, moments: list[tuple[str, float]]
) -> None:
    printed = timed(*pieces).printed_since(position)
    found = printed.moments()
    ends = [at for at, _ in found[1:]] + [len(printed.text())] * bool(found)
    shown = [
        (printed.text()[at:end].rstrip("\n"), at_ns / MS)
        for (at, at_ns), end in zip(found, ends, strict=True)
    ]

    assert shown == moments


def test_a_line_whose_beginning_was_dropped_has_no_time() -> None:
    printed = timed((5, b"x" * 50), (70, b"y" * 59 + b"\n"), (90, b"z")).printed_since(0)

    assert printed.text() == "[11 bytes before this were not kept]\n" + "x" * 39 + "y" * 59 + "\nz"
    assert printed.moments() == [(38, 5 * MS), (37 + 39, 70 * MS), (37 + 39 + 60, 90 * MS)]


def test_a_bot_that_prints_letter_by_letter_keeps_its_text_and_its_latest_times() -> None:
    letters = [(20.0 * n, b"%d" % (n % 10)) for n in range(1000)]
    printed = timed(*letters, kept_bytes=2000, kept_pieces=30).printed_since(0)

    assert printed.text() == "0123456789" * 100
    assert printed.moments() == [(at, 20 * at * MS) for at in range(971, 1000)]


def test_of_a_flood_the_times_go_with_the_bytes() -> None:
    log = timed(*((20.0 * n, b"x" * 9 + b"\n") for n in range(1000)))

    assert log.printed_since(0).moments()[1:] == [
        (49 + 10 * n, (991 + n) * 20 * MS) for n in range(9)
    ]
    assert log.printed_since(9990).moments() == [(0, 999 * 20 * MS)]


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
