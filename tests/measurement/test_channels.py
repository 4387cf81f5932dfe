"""Both channels of a call as stretches of time; METRICS 1 and 2."""

import pytest
from pipecat_voice_test.measurement.channels import Span, bot_turns, overlap_ms, utterances
from pipecat_voice_test.scenario.model import TurnKind

from measurement.calls import Call, answer, scenario, silence, tone, turn

CALLER_FRAMES = range(150, 200)  # Of an utterance from 3000 to 4000 ms.


def call(late_ms: dict[int, float] | None = None) -> Call:
    turns = turn(TurnKind.LISTEN), turn(TurnKind.TURN, answer())
    made = Call(scenario(*turns), late_ms=late_ms or {}).caller_listens(0)
    return made.caller_says(1, 3000, 1000).bot_says(4800, 1000).caller_hangs_up(8000)


@pytest.mark.parametrize(
    ("late_ms", "said", "response_ms"),
    [
        pytest.param({}, (3000, 4000), 800, id="M-2-in-time"),
        pytest.param({150: 40.0}, (3040, 4000), 800, id="M-2-a-late-first-frame-moves-the-onset"),
        pytest.param({199: 40.0}, (3000, 4040), 760, id="M-2-a-late-last-frame-moves-the-end"),
        pytest.param({200: 40.0}, (3000, 4000), 800, id="M-2-the-frame-after-it-does-not"),
        pytest.param({149: 40.0}, (3000, 4000), 800, id="M-2-the-frame-before-it-does-not"),
        pytest.param(
            dict.fromkeys(CALLER_FRAMES, 15.0), (3015, 4015), 785, id="M-2-all-of-them-late"
        ),
    ],
)
def test_a_late_frame_moves_the_boundary_by_its_lateness(
    late_ms: dict[int, float], said: tuple[float, float], response_ms: float
) -> None:
    late = call(late_ms)
    utterance = utterances(late.scenario, late.timeline)[1]

    assert (utterance.onset_ms, utterance.end_ms) == said
    assert late.value("response_ms") == pytest.approx(response_ms, abs=10)


def test_bytes_at_the_end_of_the_caller_clip_are_no_speech() -> None:
    """M-2: speech boundaries are those of the clip's spans, not those of the clip."""
    paused = Call(scenario(turn(TurnKind.TURN))).caller_says(0, 1007, 500, 300, 700)
    paused.caller_hangs_up(5000)
    utterance = utterances(paused.scenario, paused.timeline)[0]

    assert utterance.spans == ((1007, 1507), (1807, 2507))
    assert utterance.voice_ms == 1200
    assert utterance.pauses(300) == [(1507, 1807)]
    assert utterance.pauses(301) == []


BURSTS = (Span(1000, 2000), Span(2900, 3500), Span(5000, 6000))


@pytest.mark.parametrize(
    ("speech", "turn_gap_ms", "turns"),
    [
        pytest.param([], 1200, [(1000, 3500), (5000, 6000)], id="METRICS-2.5-closer-than-the-gap"),
        pytest.param([], 1600, [(1000, 6000)], id="METRICS-2.5-a-longer-gap-joins-more"),
        pytest.param([], 900, list(BURSTS), id="METRICS-2.5-the-gap-itself-separates"),
        pytest.param([(2200, 2400)], 1200, list(BURSTS), id="METRICS-2.5-the-caller-spoke"),
        pytest.param([(1500, 1900)], 1200, [(1000, 3500), (5000, 6000)], id="he-spoke-before"),
        pytest.param([(2300, 2300)], 1200, list(BURSTS), id="he-pressed-a-key"),
    ],
)
def test_which_bursts_are_one_turn_of_the_bot(
    speech: list[tuple[float, float]], turn_gap_ms: float, turns: list[tuple[float, float]]
) -> None:
    spoken = [Span(*span) for span in speech]

    assert list(bot_turns(BURSTS, spoken, turn_gap_ms)) == turns


def test_dry_is_what_was_not_sent_and_silences_are_what_was_not_spoken() -> None:
    made = Call(scenario(turn(TurnKind.LISTEN))).caller_listens(0)
    made.bot_plays(1000, tone(1000)).bot_plays(2000, silence(500)).bot_plays(3000, tone(1000))
    hearing = made.caller_hangs_up(6000).facts.hearing

    assert hearing.dry == ((0, 1000), (2500, 3000), (4000, 6000))
    assert [span.length_ms for span in hearing.silences] == pytest.approx([1000, 2000], abs=1)


def test_what_was_cleared_was_not_heard() -> None:
    """M-3: the playout timeline counts, not the arrival of messages."""
    made = Call(scenario(turn(TurnKind.LISTEN))).caller_listens(0)
    made.bot_says(1000, 5000, ahead_ms=float("inf")).bot_clears(1700).caller_hangs_up(5000)
    (burst,) = made.facts.hearing.bursts

    assert burst.length_ms == pytest.approx(700, abs=1)


def test_what_is_not_heard_any_more_when_the_call_ends_is_not_heard() -> None:
    made = Call(scenario(turn(TurnKind.LISTEN))).caller_listens(0)
    made.bot_says(1000, 5000, ahead_ms=float("inf")).caller_hangs_up(2500)

    assert made.facts.hearing.bursts[-1].end_ms == pytest.approx(2500, abs=1)


def test_overlap_is_counted_in_every_part() -> None:
    assert overlap_ms(Span(0, 100), [Span(-50, 20), Span(40, 60), Span(90, 200)]) == 50
