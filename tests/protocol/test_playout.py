"""The caller hears audio in order, at real-time speed, from its arrival until `clear`."""

import pytest
from pipecat_voice_test.protocol.playout import (
    MAX_QUEUED_SAMPLES,
    MAX_WAITING_MARK_CHARACTERS,
    MAX_WAITING_MARKS,
    Playout,
)
from pipecat_voice_test.timeline import FRAME_SAMPLES

A, B = b"\x01" * FRAME_SAMPLES, b"\x02" * FRAME_SAMPLES
QUIET = b"\xff" * FRAME_SAMPLES

Step = tuple[float, bytes | str]


def play(steps: list[Step], delay_ms: float = 0.0) -> Playout:
    """Take audio (bytes), marks (names) and `clear` at their times."""
    playout = Playout(delay_ms)
    for at_ms, step in steps:
        if isinstance(step, bytes):
            playout.queue_audio(step, at_ms)
        elif step == "clear":
            playout.clear(at_ms)
        else:
            playout.queue_mark(step)
    return playout


def placed(playout: Playout) -> list[tuple[int, bytes]]:
    return [(piece.first_sample, piece.ulaw) for piece in playout.pieces]


@pytest.mark.parametrize(
    ("steps", "delay_ms", "pieces"),
    [
        pytest.param([(0, A)], 0, [(0, A)], id="P-35-heard-on-arrival"),
        pytest.param([(7.5, A)], 0, [(60, A)], id="P-35-in-the-middle-of-a-frame"),
        pytest.param([(7.51, A)], 0, [(61, A)], id="P-35-never-before-it-arrived"),
        pytest.param([(0, A), (0, B)], 0, [(0, A), (160, B)], id="P-35-one-after-the-other"),
        pytest.param([(0, A), (30, B)], 0, [(0, A), (240, B)], id="P-35-a-dry-queue-is-a-gap"),
        pytest.param([(0, A), (20, B)], 0, [(0, A), (160, B)], id="P-35-just-in-time-is-no-gap"),
        pytest.param([(0, A)], 50, [(400, A)], id="P-35-a-playout-delay-comes-first"),
        pytest.param(
            [(0, A), (15, B)], 50, [(400, A), (560, B)], id="P-35-the-delay-is-no-gap-between"
        ),
        pytest.param([(0, b"\x01"), (0, A[:159])], 0, [(0, b"\x01"), (1, A[:159])], id="P-31"),
        pytest.param([(0, A), (10, "clear")], 0, [(0, A[:80])], id="P-37-clear-cuts-a-piece"),
        pytest.param([(0, A), (10.12, "clear")], 0, [(0, A[:80])], id="P-37-to-the-sample"),
        pytest.param([(0, A), (10.125, "clear")], 0, [(0, A[:81])], id="P-37-and-not-one-more"),
        pytest.param([(0, A), (0, B), (10, "clear")], 0, [(0, A[:80])], id="P-37-all-that-waits"),
        pytest.param([(0, A), (20, "clear")], 0, [(0, A)], id="P-37-nothing-was-left"),
        pytest.param([(0, A), (10, "clear")], 30, [], id="P-37-nothing-was-heard-yet"),
        pytest.param(
            [(0, A), (10, "clear"), (10, B)], 0, [(0, A[:80]), (80, B)], id="P-38-new-audio-plays"
        ),
        pytest.param(
            [(0, A), (9.99, "clear"), (9.99, B)], 0, [(0, A[:79]), (80, B)], id="P-38-never-early"
        ),
        pytest.param([(5, "clear"), (5, A)], 0, [(40, A)], id="P-37-clear-of-an-empty-queue"),
    ],
)
def test_where_audio_falls_on_the_ear_clock(
    steps: list[Step], delay_ms: float, pieces: list[tuple[int, bytes]]
) -> None:
    assert placed(play(steps, delay_ms)) == pieces


def test_p37_a_cut_piece_still_says_how_much_the_message_carried() -> None:
    piece = play([(3, A), (13, "clear")]).pieces[0]

    assert (len(piece.ulaw), piece.sent_samples, piece.arrived_ms) == (80, 160, 3)


@pytest.mark.parametrize(
    ("steps", "delay_ms", "due_ms"),
    [
        pytest.param([(0, "m")], 0, 0, id="P-36-nothing-was-ever-queued"),
        pytest.param([(0, A), (1, "m")], 0, 20, id="P-36-after-the-audio-before-it"),
        pytest.param([(0, A), (1, "m"), (2, B)], 0, 20, id="P-36-not-after-the-audio-behind-it"),
        pytest.param([(2.5, A), (3, "m")], 0, 22.5, id="P-36-counted-from-where-it-is-heard"),
        pytest.param([(0, A), (1, "m")], 50, 70, id="P-36-with-a-playout-delay"),
        pytest.param([(0, A * 500), (0, "m")], 0, 10_000, id="ten-seconds-in-one-message"),
        pytest.param([(0, A * 500), (7.3, "clear"), (7.3, "m")], 0, 7.25, id="P-37-at-once"),
    ],
)
def test_when_a_mark_is_due(steps: list[Step], delay_ms: float, due_ms: float) -> None:
    playout = play(steps, delay_ms)

    assert playout.next_mark_ms() == due_ms
    assert playout.marks_reached(due_ms - 0.001) == []
    assert playout.marks_reached(due_ms) == ["m"]
    assert playout.next_mark_ms() is None


def test_p36_marks_keep_their_order_and_equal_names_come_as_often_as_sent() -> None:
    playout = play([(0, A), (0, "b"), (0, "a"), (0, "b"), (0, B), (0, "a")])

    assert playout.marks_reached(20) == ["b", "a", "b"]
    assert playout.marks_reached(40) == ["a"]


def test_p37_clear_returns_waiting_marks_and_says_how_much_it_threw_away() -> None:
    playout = play([(0, A * 50), (0, "one"), (0, A), (0, "two"), (0, "one")])

    assert playout.clear(100) == (51 * 160 - 800, ["one", "two", "one"])
    assert playout.clear(100) == (0, [])
    assert playout.marks_reached(10_000) == []


def test_p37_what_waits_behind_a_playout_delay_is_counted_without_the_wait() -> None:
    playout = play([(0, A), (60, B)], delay_ms=50)

    assert playout.clear(60) == (160 - 80 + 160, [])


def test_p41_what_waits_at_the_end_is_handed_over_in_order() -> None:
    playout = play([(0, A), (0, B), (0, "mark"), (0, A)])

    assert playout.end(30) == B[80:] + A
    assert placed(playout) == [(0, A), (160, B[:80])]
    assert playout.marks_reached(1000) == []


@pytest.mark.parametrize(
    ("steps", "frames"),
    [
        pytest.param([], [b"", b""], id="an-empty-queue-plays-nothing"),
        pytest.param([(0, A)], [A, b""], id="nothing-follows-the-last-frame"),
        pytest.param([(0, A), (0, B)], [A, B], id="frames-keep-their-order"),
        pytest.param([(0, A + B)], [A, B], id="one-big-message-plays-at-real-time-speed"),
        pytest.param([(0, A[:80]), (0, B[:80])], [A[:80] + B[:80]], id="half-frames-join-up"),
        pytest.param([(5, A)], [QUIET[:40] + A[:120], A[:40] + QUIET[:120]], id="a-late-start"),
        pytest.param(
            [(0, A[:8]), (5, B[:8])], [A[:8] + QUIET[:32] + B[:8] + QUIET[:112]], id="gap"
        ),
        pytest.param([(0, A + A), (25, "clear")], [A, A[:40] + QUIET[:120]], id="cut-by-a-clear"),
        pytest.param([(0, A + A), (20, "clear")], [A, b""], id="cut-at-the-border-of-a-frame"),
        pytest.param([(40, A)], [b"", b"", A], id="silence-before-the-first-word"),
    ],
)
def test_what_the_caller_hears_frame_by_frame(steps: list[Step], frames: list[bytes]) -> None:
    playout = play(steps)

    assert [playout.heard_frame(20 * index) for index in range(len(frames))] == frames


def test_a_clear_stamped_before_a_frame_already_asked_for_loses_no_later_audio() -> None:
    playout = play([(0, A), (20, A), (40, A)])
    for from_ms in (0, 20, 40):
        playout.heard_frame(from_ms)
    playout.clear(15)
    for at_ms in (60, 60, 60, 60):
        playout.queue_audio(B, at_ms)

    assert [playout.heard_frame(from_ms) for from_ms in (60, 80, 100, 120)] == [B] * 4


@pytest.mark.parametrize(
    ("queued_samples", "at_ms", "more_samples", "dropped_samples"),
    [
        pytest.param(0, 0, MAX_QUEUED_SAMPLES, 0, id="600-s-fit"),
        pytest.param(0, 0, MAX_QUEUED_SAMPLES + 1, 1, id="one-sample-more-does-not"),
        pytest.param(MAX_QUEUED_SAMPLES, 0, 160, 160, id="nothing-fits-a-full-queue"),
        pytest.param(MAX_QUEUED_SAMPLES, 10, 160, 80, id="10-ms-later-there-is-room-for-10-ms"),
        pytest.param(MAX_QUEUED_SAMPLES, 20, 160, 0, id="20-ms-later-for-a-frame"),
    ],
)
def test_31931_more_than_600_s_of_audio_is_dropped_at_its_end(
    queued_samples: int, at_ms: float, more_samples: int, dropped_samples: int
) -> None:
    playout = Playout()
    playout.queue_audio(b"\x01" * queued_samples, 0)

    assert playout.queue_audio(b"\x02" * more_samples, at_ms) == dropped_samples
    heard = sum(len(piece.ulaw) for piece in playout.pieces)
    assert heard == queued_samples + more_samples - dropped_samples


def test_the_most_audio_that_ever_waited_is_remembered() -> None:
    playout = play([(0, A), (10, A), (20, "clear"), (20, A)])

    assert playout.most_queued_samples == 80 + 160


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        pytest.param(["m"] * (MAX_WAITING_MARKS + 5), MAX_WAITING_MARKS, id="too-many"),
        pytest.param(["m" * MAX_WAITING_MARK_CHARACTERS, "m"], 1, id="too-long-together"),
    ],
)
def test_marks_that_would_fill_the_memory_are_refused(names: list[str], taken: int) -> None:
    playout = Playout()
    playout.queue_audio(A, 0)

    assert [playout.queue_mark(name) for name in names].count(True) == taken
    assert playout.waiting_marks == taken
    assert len(playout.marks_reached(20)) == taken
    assert playout.queue_mark("there is room again")


def test_single_bytes_without_end_are_kept_together_and_heard_all_the_same() -> None:
    playout, twin = Playout(separate_pieces=2), Playout()
    for index in range(4_000):
        for one in (playout, twin):
            one.queue_audio(bytes([index % 255]), index * 0.25)

    frames = [playout.heard_frame(20 * index) for index in range(50)]
    assert frames == [twin.heard_frame(20 * index) for index in range(50)]
    assert len(playout.pieces) < 60 < len(twin.pieces)


def test_what_follows_a_clear_is_never_kept_together_with_what_was_cut() -> None:
    playout = Playout(separate_pieces=1)
    playout.queue_audio(A, 0)
    playout.clear(5)
    playout.queue_audio(B, 6)

    assert placed(playout) == [(0, A[:40]), (48, B)]


def taken(playout: Playout, *moments_ms: float) -> list[list[tuple[int, bytes]]]:
    return [[(p.first_sample, p.ulaw) for p in playout.take_heard(at)] for at in moments_ms]


@pytest.mark.parametrize(
    ("steps", "moments_ms", "parts"),
    [
        pytest.param([], [50], [[]], id="nothing-was-heard"),
        pytest.param([(0, A)], [0, 5, 20, 40], [[], [(0, A[:40])], [(40, A[40:])], []], id="parts"),
        pytest.param([(0, A), (25, B)], [45], [[(0, A), (200, B)]], id="all-at-once"),
        pytest.param([(7.5, A)], [10], [[(60, A[:20])]], id="to-the-sample"),
        pytest.param(
            [(0, A), (0, B), (30, "clear")], [60], [[(0, A), (160, B[:80])]], id="not-what-was-cut"
        ),
    ],
)
def test_what_was_heard_can_be_taken_once(
    steps: list[Step], moments_ms: list[float], parts: list[list[tuple[int, bytes]]]
) -> None:
    assert taken(play(steps), *moments_ms) == parts


def test_nothing_is_left_out_when_a_message_is_read_after_its_time() -> None:
    playout = play([(0, A)])
    before = taken(playout, 60)
    playout.queue_audio(B, 30)

    assert before == [[(0, A)]]
    assert taken(playout, 60) == [[(240, B)]]


def test_what_comes_after_a_late_clear_is_taken_whole() -> None:
    playout = play([(0, A), (0, B)])
    before = taken(playout, 40)
    playout.clear(10)
    playout.queue_audio(B, 12)

    assert before == [[(0, A), (160, B)]]
    assert taken(playout, 60) == [[(96, B)]]


def test_single_bytes_without_end_are_all_taken() -> None:
    playout = Playout(separate_pieces=2)
    sound = b""
    for index in range(400):
        playout.queue_audio(bytes([index % 255]), index * 0.125)
        sound += b"".join(piece.ulaw for piece in playout.take_heard(index * 0.125))
    sound += b"".join(piece.ulaw for piece in playout.take_heard(1000))

    assert sound == bytes(index % 255 for index in range(400))
