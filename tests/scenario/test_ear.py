"""What the caller hears while the call goes on agrees with what the judge finds afterwards."""

import numpy as np
import pytest
from audio.sounds import VOICES, hiss, silence, sound, tone, voice
from pipecat_voice_test.audio.codec import FRAME_SAMPLES, Pcm, encode_ulaw
from pipecat_voice_test.audio.speech import heard_bursts
from pipecat_voice_test.scenario.ear import SIGNALS_KEPT, Ear
from pipecat_voice_test.scenario.matching import Anchors, Occurrence
from pipecat_voice_test.scenario.model import EventName
from pipecat_voice_test.timeline import Heard, MarkReceived, PlaybackCleared

Turns = list[tuple[float, float]]


def listen(pcm: Pcm, *, turn_gap_ms: float = 1200.0, ear: Ear | None = None) -> Ear:
    """An ear that has heard all of this, silence as audio."""
    ear = ear or Ear(turn_gap_ms)
    for start in range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frame = encode_ulaw(pcm[start : start + FRAME_SAMPLES])
        ear.hear(Heard(frame), (start + FRAME_SAMPLES) / 8)
    return ear


def spoken(*spans: tuple[float, float], until_ms: float) -> Pcm:
    """A bot that speaks in these stretches of time."""
    pcm = silence(until_ms)
    for start_ms, end_ms in spans:
        pcm[round(start_ms * 8) : round(end_ms * 8)] = tone(end_ms - start_ms, -20.0)
    return pcm


@pytest.mark.parametrize("name", VOICES)
@pytest.mark.parametrize("noise_dbov", [-90.0, -62.0], ids=["clean", "under-hiss"])
def test_live_turns_agree_with_the_judge_on_a_real_voice(name: str, noise_dbov: float) -> None:
    """METRICS 2; edges within 20 ms."""
    pcm = sound(silence(777), voice(name), silence(2000))
    pcm = (pcm + hiss(len(pcm) / 8, noise_dbov)).astype(np.int16)
    pcm = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES]
    judged = [(start / 8, end / 8) for start, end in heard_bursts(pcm)]
    ear = listen(pcm, turn_gap_ms=200.0)

    assert [t.start_ms for t in ear.turns] == pytest.approx([s for s, _ in judged], abs=20)
    assert [t.end_ms for t in ear.turns] == pytest.approx([e for _, e in judged], abs=20)


@pytest.mark.parametrize(
    ("own", "takes_floor", "turns"),
    [
        pytest.param(None, True, 1, id="close-bursts-are-one"),
        pytest.param((1600.0, 2000.0), True, 2, id="the-callers-speech-in-between-parts-them"),
        pytest.param((1600.0, 2000.0), False, 1, id="a-distractor-does-not"),
        pytest.param((600.0, 900.0), True, 1, id="speech-over-the-bot-does-not"),
        pytest.param((900.0, 1700.0), True, 2, id="speech-that-outlasts-the-first-does"),
    ],
)
def test_bursts_form_a_turn(own: tuple[float, float] | None, takes_floor: bool, turns: int) -> None:
    """METRICS 2, rule 5."""
    ear = Ear(1200.0)
    if own:
        ear.caller_spoke(*own, takes_floor=takes_floor)
    listen(spoken((500, 1500), (2200, 3000), until_ms=3200), ear=ear)

    assert len(ear.turns) == turns


def test_an_older_turn_of_the_caller_and_a_distractor_are_not_mixed_up() -> None:
    """The floor was taken before the bot spoke; the distractor in its breath changes nothing."""
    ear = Ear(1200.0)
    ear.caller_spoke(100.0, 400.0, takes_floor=True)
    listen(spoken((500, 1500), until_ms=1600), ear=ear)
    ear.caller_spoke(1600.0, 2000.0, takes_floor=False)
    assert ear.turn_in_progress(1600.0) is not None

    listen(spoken((500, 1500), (2200, 3000), until_ms=3200)[1600 * 8 :], ear=ear)

    assert len(ear.turns) == 1


@pytest.mark.parametrize(
    ("at_ms", "in_progress"),
    [(1000, True), (1520, True), (2680, True), (2720, False), (4020, False), (4060, False)],
)
def test_a_turn_is_over_after_the_gap_and_a_new_one_does_not_bring_it_back(
    at_ms: int, in_progress: bool
) -> None:
    """The second burst is not long enough to count yet when it is asked about."""
    ear = listen(spoken((500, 1500), (4000, 4045), until_ms=5000)[: at_ms * 8])
    turn = ear.turn_in_progress(at_ms)

    assert (turn is not None) == in_progress


def test_quiet_counts_from_the_later_of_both_sides() -> None:
    ear = listen(spoken((500, 1500), until_ms=3000))
    before_ms = ear.quiet_ms(3000)
    ear.caller_spoke(2000.0, 2600.0, takes_floor=True)

    assert before_ms == pytest.approx(1500, abs=10)
    assert ear.quiet_ms(3000) == 400


@pytest.mark.parametrize(
    ("bot", "own", "answer_ms"),
    [
        pytest.param([(3000, 4000)], (1000, 2000), 3000, id="after-the-caller"),
        pytest.param([(1500, 3000)], (1000, 2000), 1500, id="early-and-still-going-on"),
        pytest.param([(1300, 1700), (3000, 4000)], (1000, 2000), 3000, id="not-what-ended-before"),
        pytest.param([(500, 2500), (3000, 4000)], (1000, 2000), 3000, id="not-what-went-on"),
        pytest.param([(500, 2500)], (1000, 2000), None, id="none"),
    ],
)
def test_which_burst_answers(
    bot: list[tuple[float, float]], own: tuple[float, float], answer_ms: float | None
) -> None:
    """As `measurement` has it: what went on from before the caller spoke is no answer."""
    ear = listen(spoken(*bot, until_ms=4500))
    found_ms = ear.answer_ms(Anchors(own[0], *own))

    assert found_ms == (None if answer_ms is None else pytest.approx(answer_ms, abs=10))


@pytest.mark.parametrize(
    ("bot", "yielded_ms"),
    [
        pytest.param([(500, 1400)], 1400, id="silent-400-ms-after-it-stopped"),
        pytest.param([(500, 1400), (1700, 3000)], None, id="not-a-pause-of-300-ms"),
        pytest.param([(500, 3000)], None, id="not-while-it-goes-on"),
        pytest.param(
            [(500, 700), (2000, 3000)], 1000, id="a-silence-that-just-began-counts-from-the-onset"
        ),
        pytest.param([(100, 500)], None, id="not-a-silence-from-long-before"),
        pytest.param([], None, id="not-if-it-never-spoke"),
    ],
)
def test_when_the_bot_has_yielded(bot: list[tuple[float, float]], yielded_ms: float | None) -> None:
    """METRICS `stop`, as far as the caller needs it: 400 ms of silence."""
    ear = listen(spoken(*bot, until_ms=3000))
    happened = ear.occurrences(Anchors(1000.0, 1000.0), 3000.0)
    found_ms = [o.at_ms for o in happened if o.event is EventName.BOT_INTERRUPTED]

    assert found_ms == ([] if yielded_ms is None else [pytest.approx(yielded_ms, abs=10)])


def test_nothing_is_worked_out_again_while_nothing_changes() -> None:
    ear = listen(spoken((500, 1500), until_ms=3000))
    anchors = Anchors(0.0, speech_end_ms=0.0)
    before = ear.occurrences(anchors, 3000.0)
    ear.hear(Heard(), 3020.0)

    assert ear.occurrences(anchors, 3020.0) is before


@pytest.mark.parametrize(
    "event", [MarkReceived(3010.0, "m"), PlaybackCleared(3010.0, 0.0)], ids=["mark", "clear"]
)
def test_a_signal_is_news(event: MarkReceived | PlaybackCleared) -> None:
    ear = listen(spoken((500, 1500), until_ms=3000))
    anchors = Anchors(0.0, speech_end_ms=0.0)
    before = ear.occurrences(anchors, 3000.0)
    ear.hear(Heard(b"", (event,)), 3020.0)
    (news,) = [o for o in ear.occurrences(anchors, 3020.0) if o not in before]

    assert news.at_ms == 3010.0


def test_a_flood_of_signals_is_not_kept() -> None:
    ear = Ear(1200.0)
    ear.hear(Heard(b"", tuple(MarkReceived(float(n), "m") for n in range(5000))), 20.0)

    assert len(ear.signals) == SIGNALS_KEPT
    assert ear.signals[-1] == Occurrence(EventName.MARK, 4999.0, "m")


def test_signals_from_before_the_caller_spoke_are_old() -> None:
    ear = Ear(1200.0)
    ear.hear(Heard(b"", (PlaybackCleared(10.0, 0.0),)), 20.0)
    ear.caller_spoke(15.0, 900.0, takes_floor=True)

    assert ear.latest_signal_ms(EventName.CLEAR) is None


def test_a_clear_that_answers_the_callers_onset_counts() -> None:
    ear = Ear(1200.0)
    ear.caller_spoke(15.0, 900.0, takes_floor=True)
    ear.hear(Heard(b"", (PlaybackCleared(310.0, 80.0),)), 320.0)

    assert ear.latest_signal_ms(EventName.CLEAR) == 310.0
