"""Interrupting the bot; METRICS 3.3."""

import pytest
from pipecat_voice_test.measurement.barge_in import BargeIn
from pipecat_voice_test.scenario.model import TurnKind

from measurement.calls import (
    Call,
    answer,
    check,
    expect,
    failed,
    failed_metrics,
    scenario,
    turn,
    voice,
)

ONSET_MS = 4000.0
END_MS = 5500.0  # Of an utterance of 1500 ms.
CLOSE_MS = 10.0
MESSAGES_MS = [20.0, 40.0, 137.5, 200.0, 10_000.0]
DUMPED = {"ahead_ms": float("inf")}


def interrupted(*lengths_ms: float, onset_ms: float = ONSET_MS, **fields: object) -> Call:
    """A call in which the caller interrupts; the bot says what the test makes it say."""
    interrupts = turn(TurnKind.BARGE_IN, expect("bot_interrupted", within_ms=1000), answer())
    call = Call(scenario(turn(TurnKind.LISTEN, answer()), interrupts, **fields))
    call.caller_listens(0).caller_says(1, onset_ms, *(lengths_ms or (1500.0,)))
    return call.caller_hangs_up(14_000)


def found(call: Call) -> BargeIn:
    barge_in = call.facts.turns[1].barge_in
    assert barge_in is not None
    return barge_in


# --- stop ---------------------------------------------------------------------------------


@pytest.mark.parametrize("message_ms", MESSAGES_MS)
@pytest.mark.parametrize("stop_ms", [0, 200, 900])
def test_stop_follows_the_clear_whatever_the_messages(stop_ms: int, message_ms: float) -> None:
    """METRICS 9.1, 9.2 and 9.3: also when everything was sent at once."""
    call = interrupted().bot_says(1000, 12_000, message_ms=message_ms, until_ms=ONSET_MS + stop_ms)
    call.bot_clears(ONSET_MS + stop_ms + 0.1).bot_says(END_MS + 800, 1000)

    assert call.value("stop_ms") == pytest.approx(stop_ms, abs=CLOSE_MS)
    assert call.value("talk_over_ms") == pytest.approx(stop_ms, abs=CLOSE_MS)
    assert call.value("no_yield") == 0
    assert call.value("recovery_ms") == pytest.approx(800, abs=CLOSE_MS)
    assert call.value("barge_in_ok") == 1
    assert failed(call.judged) == []


@pytest.mark.parametrize("message_ms", MESSAGES_MS)
def test_a_bot_that_stops_after_2500_ms_has_not_yielded(message_ms: float) -> None:
    call = interrupted(3000).bot_says(1000, 12_000, message_ms=message_ms, until_ms=6500)
    call.bot_clears(6500).bot_says(8000, 1000)

    assert call.value("stop_ms") is None
    assert call.value("no_yield") == 1
    assert call.value("talk_over_ms") == pytest.approx(2000, abs=CLOSE_MS)
    assert call.value("recovery_ms") == pytest.approx(1000, abs=CLOSE_MS)
    assert call.value("barge_in_ok") == 0
    assert failed_metrics(call.judged.checks) == ["stop_ms", "no_yield", "barge_in_ok"]


@pytest.mark.parametrize(
    ("queued_ms", "stop_ms"),
    [
        pytest.param(1600, 1600, id="METRICS-9.3-without-clear-it-is-the-whole-queue"),
        pytest.param(3000, None, id="METRICS-9.3-without-clear-over-2000-ms-is-no-yield"),
    ],
)
def test_dumped_audio_without_clear_plays_on(queued_ms: float, stop_ms: float | None) -> None:
    call = interrupted().bot_says(1000, 3000 + queued_ms, **DUMPED).bot_says(9000, 1000)

    assert call.value("stop_ms") == (
        None if stop_ms is None else pytest.approx(stop_ms, abs=CLOSE_MS)
    )
    assert call.value("no_yield") == (stop_ms is None)


@pytest.mark.parametrize("utterance_ms", [700.0, 1500.0, 3000.0])
def test_stopping_after_the_caller_had_finished_counts_and_the_next_burst_recovers(
    utterance_ms: float,
) -> None:
    call = interrupted(utterance_ms).bot_says(1000, 12_000, until_ms=4900).bot_says(9000, 1000)

    assert call.value("stop_ms") == pytest.approx(900, abs=CLOSE_MS)
    assert call.value("recovery_ms") == pytest.approx(5000 - utterance_ms, abs=CLOSE_MS)


def test_an_answer_soon_after_a_late_stop_is_no_part_of_the_old_reply() -> None:
    call = interrupted(700).bot_says(1000, 12_000, **DUMPED).bot_clears(4900).bot_says(5500, 1000)

    assert call.value("recovery_ms") == pytest.approx(800, abs=CLOSE_MS)
    durations_ms = call.values("response_duration_ms")
    assert durations_ms[1] == pytest.approx(1000, abs=CLOSE_MS)


@pytest.mark.parametrize(
    ("removed", "stops"),
    [
        pytest.param(True, True, id="a-clear-that-removed-audio-makes-a-short-silence-a-yielding"),
        pytest.param(False, False, id="METRICS-9.5-a-clear-without-queued-audio-changes-nothing"),
    ],
)
def test_what_a_clear_is_worth(removed: bool, stops: bool) -> None:
    call = interrupted()
    if removed:
        call.bot_says(1000, 12_000, **DUMPED).bot_clears(4300)
    else:
        # Sent in real time, pauses included, with a clear at the caller's onset.
        call.bot_says(1000, 2995, 450, 12_000).bot_clears(4000)
    call.bot_says(4800, 12_000, **DUMPED) if removed else None

    assert (found(call).stop_ms is not None) == stops


@pytest.mark.parametrize(
    "parts_ms",
    [
        pytest.param((2800, 500, 8000), id="a-bot-that-goes-on-after-its-pause"),
        pytest.param((2900,), id="a-bot-that-had-just-finished"),
    ],
)
def test_a_clear_at_every_onset_changes_no_other_figure(parts_ms: tuple[float, ...]) -> None:
    """METRICS 9.5: nothing is queued when it comes."""

    def call() -> Call:
        return interrupted().bot_says_with_dry_pauses(1000, *parts_ms)

    metrics = dict(call().judged.metrics)
    more_metrics = dict(call().bot_clears(0, ONSET_MS + 40).judged.metrics)

    assert more_metrics.pop("clear_seen_ms") == (40,)
    assert more_metrics.pop("cleared_ms") == (0,)
    assert more_metrics == metrics


@pytest.mark.parametrize(
    ("pause_ms", "dry", "stop_ms"),
    [
        pytest.param(900, False, None, id="a-pause-that-is-sent-is-a-breath"),
        pytest.param(1250, False, 500, id="a-silence-of-turn-gap-ms-is-a-yielding"),
        pytest.param(380, True, None, id="a-silence-under-400-ms-is-none"),
        pytest.param(600, True, None, id="a-dry-pause-after-which-the-bot-goes-on-is-a-breath"),
        pytest.param(850, True, 500, id="under-200-ms-before-the-caller-ends-do-not-undo-it"),
    ],
)
def test_which_silence_is_a_yielding(pause_ms: float, dry: bool, stop_ms: float | None) -> None:
    call = interrupted()
    play = call.bot_says_with_dry_pauses if dry else call.bot_says
    play(1000, 3500, pause_ms, 8000)

    assert found(call).stop_ms == (
        None if stop_ms is None else pytest.approx(stop_ms, abs=CLOSE_MS)
    )


def test_the_queue_must_run_dry_soon_after_the_last_word() -> None:
    """Silence is sent for 450 ms after it, so the bot went on with its reply."""
    call = interrupted(700).bot_says(1000, 3200, 450).bot_says(5000, 3000)

    assert found(call).no_yield == 1


def test_a_bot_whose_own_pauses_run_dry_has_not_yielded_by_one_more() -> None:
    """One dry pause over the caller's end is a yielding; from such a bot it is a breath."""
    once = interrupted(900).bot_says_with_dry_pauses(1000, 3500, 700, 6000)
    always = interrupted(900).bot_says_with_dry_pauses(1000, 1200, 600, 1700, 700, 900, 700, 4000)

    assert found(once).stop_ms == pytest.approx(500, abs=CLOSE_MS)
    assert found(always).no_yield == 1


def test_a_bot_that_yields_in_its_own_pause_has_stopped_at_once() -> None:
    call = interrupted(800).bot_says(1000, 2900, 900, 5000, **DUMPED).bot_clears(4400)
    call.bot_says(5300, 1000)

    assert call.value("stop_ms") == 0
    assert call.value("stale_audio_ms") == 0


def test_what_pops_up_after_a_yielding_in_the_bots_own_pause_is_stale() -> None:
    """D3: the clear comes 200 ms into the pause, and 450 ms later a piece of the old answer."""
    call = interrupted().bot_says(1000, 3100, 400, 5000, **DUMPED).bot_clears(4300)
    call.bot_plays(4750, voice(400), message_ms=400)
    call.bot_says(END_MS + 900, 1000)

    assert call.value("stop_ms") == pytest.approx(100, abs=CLOSE_MS)
    assert call.value("stale_audio_ms") == pytest.approx(400, abs=CLOSE_MS)


def test_a_bot_in_its_own_pause_goes_on_until_it_notices_and_that_is_no_cut_in() -> None:
    call = interrupted().bot_says(1000, 2900, 400, 5000, **DUMPED).bot_clears(4650)
    call.bot_says(END_MS + 700, 1000)

    assert call.value("stop_ms") == pytest.approx(650, abs=CLOSE_MS)
    assert call.value("cut_in") == 0
    assert failed(call.judged) == []


# --- what else is measured ----------------------------------------------------------------


def test_clear_seen_is_when_it_came_and_cleared_what_it_removed() -> None:
    call = interrupted().bot_says(1000, 5000, **DUMPED).bot_clears(4330).bot_says(6200, 1000)

    assert call.value("clear_seen_ms") == pytest.approx(330)
    assert call.value("cleared_ms") == pytest.approx(1670)


def test_a_bot_that_sent_no_clear_has_no_clear_seen() -> None:
    call = interrupted().bot_says(1000, 3300).bot_says(6200, 1000)

    assert call.value("clear_seen_ms") is None
    assert call.value("cleared_ms") is None


@pytest.mark.parametrize(
    ("late_ms", "lasts_ms", "stale_ms", "fails"),
    [
        pytest.param(2, 140, 140, False, id="one-message-of-140-ms-may-slip-behind-its-clear"),
        pytest.param(2, 300, 300, True, id="more-behind-the-clear-is-stale"),
        pytest.param(600, 260, 260, True, id="D3-a-syllable-pops-up-after-the-silence"),
        pytest.param(1300, 100, 0, False, id="what-comes-after-the-caller-is-an-answer"),
    ],
)
def test_stale_audio(late_ms: float, lasts_ms: float, stale_ms: float, fails: bool) -> None:
    clear_ms = 4300
    call = interrupted().bot_says(1000, 6000, **DUMPED).bot_clears(clear_ms)
    call.bot_plays(clear_ms + late_ms, voice(lasts_ms), message_ms=lasts_ms)
    call.bot_says(END_MS + 900, 1500)

    assert call.value("stale_audio_ms") == pytest.approx(stale_ms, abs=CLOSE_MS)
    assert ("stale_audio_ms" in failed_metrics(call.judged.checks)) == fails


def test_stale_audio_without_a_clear_counts_from_the_silence() -> None:
    call = interrupted(2500).bot_says(1000, 3300).bot_says(5700, 180).bot_says(7300, 1000)

    assert call.value("stop_ms") == pytest.approx(300, abs=CLOSE_MS)
    assert call.value("stale_audio_ms") == pytest.approx(180, abs=CLOSE_MS)


def test_speech_in_a_pause_of_the_caller_is_an_early_answer() -> None:
    """The pause begins at 5000 ms; what begins 200 ms into it is not old speech any more."""
    call = interrupted(1000, 900, 600).bot_says(1000, 6000, **DUMPED).bot_clears(4300)
    call.bot_says(5100, 700).bot_says(7300, 1000)

    assert call.value("stale_audio_ms") == pytest.approx(100, abs=CLOSE_MS)
    call = interrupted(1000, 900, 600).bot_says(1000, 6000, **DUMPED).bot_clears(4300)
    call.bot_says(5300, 700).bot_says(7300, 1000)

    assert call.value("stale_audio_ms") == 0
    assert call.value("early_answer") == 1
    assert call.value("cut_in") == 0
    assert failed(call.judged) == []


def test_stopping_without_answering_is_no_success() -> None:
    call = interrupted().bot_says(1000, 6000, **DUMPED).bot_clears(4300)

    assert call.value("recovery_ms") is None
    assert call.value("missed_turn") == 1
    assert call.value("barge_in_ok") == 0
    assert failed(call.judged) == [
        "recovery never came",
        "missed_turn was 1, limit 0",
        "barge_in_ok was 0, limit 1",
    ]


def test_a_bot_that_only_goes_on_has_not_recovered() -> None:
    call = interrupted().bot_says(1000, 3500, 600, 2000, 600, 3000)

    assert call.value("recovery_ms") is None
    assert check(call.judged, "turns[1].expect[0]").message == (
        "stop never came, limit 1000: the bot talked on over the caller"
    )


@pytest.mark.parametrize(
    ("ends", "no_yield"),
    [
        pytest.param("hangs up", None, id="the-caller-hung-up-before-2000-ms"),
        pytest.param("closes", None, id="the-bot-closed-before-2000-ms"),
        pytest.param("later", 1, id="the-call-went-on"),
    ],
)
def test_a_call_that_is_over_says_nothing_about_yielding(ends: str, no_yield: int | None) -> None:
    call = interrupted().bot_says(1000, 12_000)
    if ends == "hangs up":
        call.caller_hangs_up(5200)
    elif ends == "closes":
        call.bot_closes(5200)

    assert call.value("no_yield") == no_yield


# --- validity -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts_ms", "from_ms", "invalid"),
    [
        pytest.param((), 0, "the bot had not spoken yet when the caller came in", id="never-spoke"),
        pytest.param(
            (5000,), 3550,
            "the bot had spoken for only 450 ms when the caller came in, 500 are needed",
            id="spoke-for-450-ms",
        ),
        pytest.param((5000,), 3490, "", id="spoke-for-510-ms"),
        pytest.param((300, 400, 5000), 3200, "", id="the-turn-counts-not-the-burst"),
        pytest.param((2610,), 1000, "", id="silent-for-390-ms"),
        pytest.param(
            (2550,), 1000,
            "the bot had been silent for 450 ms when the caller came in, at most 400 is an "
            "interruption",
            id="silent-for-450-ms",
        ),
    ],
)  # fmt: skip
def test_when_an_interruption_is_valid(
    parts_ms: tuple[float, ...], from_ms: float, invalid: str
) -> None:
    call = interrupted().bot_says(END_MS + 900, 1000)
    if parts_ms:
        call.bot_says(from_ms, *parts_ms, until_ms=ONSET_MS + 300)

    assert found(call).invalid == invalid


def test_an_invalid_interruption_is_inconclusive_and_fails_nothing() -> None:
    call = interrupted().bot_says(1000, 2000).bot_says(END_MS + 900, 1000)
    result = call.judged

    assert result.verdict == "inconclusive"
    assert check(result, "turns[1].expect[0]").verdict == "inconclusive"
    assert check(result, "turns[1].barge_in").message == (
        "the bot had been silent for 1000 ms when the caller came in, at most 400 is an "
        "interruption"
    )
    assert failed(result) == []


@pytest.mark.parametrize(
    ("voice_ms", "gated"),
    [pytest.param(590, False, id="590-ms-of-voice"), pytest.param(610, True, id="610-ms-of-voice")],
)
def test_a_gated_barge_in_needs_600_ms_of_voice(voice_ms: float, gated: bool) -> None:
    interrupts = turn(TurnKind.BARGE_IN, answer())
    call = Call(scenario(turn(TurnKind.LISTEN), interrupts)).caller_listens(0)
    call.caller_says(1, ONSET_MS, voice_ms).bot_says(1000, 9000).bot_says(12_000, 1000)
    result = call.caller_hangs_up(15_000).judged

    assert ("no_yield" in failed_metrics(result.checks)) == gated
    assert [c.message for c in result.checks if c.id == "turns[1].barge_in"] == (
        []
        if gated
        else [
            "not held against the limits: 590 ms of voice, an interruption needs 600 (stock bots "
            'do not hear a bare "stop")'
        ]
    )


def test_pauses_in_an_interruption_are_warned_of() -> None:
    call = interrupted(800, 300, 600).bot_says(1000, 5000, **DUMPED).bot_clears(4300)
    result = call.bot_says(6500, 1000).judged

    assert result.notes == (
        "turn 2 (line 20): the interruption pauses for 300 ms, which a bot may take for its end",
    )


def test_windows_end_with_the_next_utterance() -> None:
    turns = (
        turn(TurnKind.LISTEN),
        turn(TurnKind.BARGE_IN, expect("bot_interrupted")),
        turn(TurnKind.TURN, answer()),
    )
    call = Call(scenario(*turns)).caller_listens(0).caller_says(1, ONSET_MS, 700)
    call.caller_says(2, 5500, 700).bot_says(1000, 4800).bot_says(7000, 1000).caller_hangs_up(10_000)

    assert call.value("stop_ms") is None
    assert call.value("no_yield") == 1
    assert call.value("talk_over_ms") == pytest.approx(700, abs=CLOSE_MS)
