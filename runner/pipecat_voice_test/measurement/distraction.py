"""Not being interrupted: METRICS 3.4.

A distractor is a sound that should not take the floor. While the bot speaks it must not lose
the floor to it; while the bot is silent, because it has said what there was to say, it must
not answer it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipecat_voice_test.measurement.barge_in import LOUD_BEFORE_MS, SILENCE_MS, why_invalid
from pipecat_voice_test.measurement.channels import Hearing, Utterance
from pipecat_voice_test.scenario.model import EventName, Turn, TurnKind

DISTRACTED_MS = 1000.0
RESUMES_BY_MS = 1200.0
ANSWERED_BY_MS = 2000.0


@dataclass(frozen=True, slots=True)
class Distraction:
    """How the bot bore a sound that should not take the floor.

    Attributes:
        inconclusive: Why it cannot be said whether the bot kept the floor, or empty.
        false_yield: 1 if the bot lost the floor, None if inconclusive.
        yielded_ms: From the sound's onset to the bot's silence, if it yielded.
        false_response: 1 if a bot that had been silent began to speak, None if it cannot be told
            or the bot was speaking.
        answered_ms: From the sound's onset to that.
    """

    inconclusive: str = ""
    false_yield: int | None = None
    yielded_ms: float | None = None
    false_response: int | None = None
    answered_ms: float | None = None

    @property
    def held(self) -> bool | None:
        """Whether the bot kept the floor; None if inconclusive."""
        return None if self.false_yield is None else not self.false_yield


def distraction(
    said: Utterance,
    hearing: Hearing,
    before: Iterable[Utterance],
    *,
    until_ms: float,
    turn_gap_ms: float,
) -> Distraction:
    """How the bot bore one sound.

    Args:
        said: The sound.
        hearing: The bot as heard.
        before: What the caller had said until then.
        until_ms: Onset of the caller's next utterance, or the end of the call.
        turn_gap_ms: A bot that is silent for longer has finished.
    """
    invalid = why_invalid(said.onset_ms, hearing)
    if not invalid:
        return _while_speaking(said, hearing, until_ms)
    if not _has_finished(said.onset_ms, hearing, before, turn_gap_ms):
        return Distraction(inconclusive=invalid)
    window_ms = said.end_ms + ANSWERED_BY_MS
    answer = hearing.first_burst(said.onset_ms, min(window_ms, until_ms))
    if answer is not None:
        answered_ms = answer.start_ms - said.onset_ms
        return Distraction(invalid, false_response=1, answered_ms=answered_ms)
    return Distraction(invalid, false_response=None if until_ms < window_ms else 0)


def meant_for_silence(turn: Turn) -> bool:
    """Whether the scenario lets the bot finish before the sound, so that it cannot yield."""
    after = turn.send_after
    return after is None or after.event is not EventName.BOT_STARTED_SPEAKING


def _has_finished(
    onset_ms: float, hearing: Hearing, before: Iterable[Utterance], turn_gap_ms: float
) -> bool:
    """Whether the bot has said all there was to say, and owes the caller no answer."""
    last = next((b for b in reversed(hearing.bursts) if b.start_ms <= onset_ms), None)
    if last is None or onset_ms - last.end_ms < turn_gap_ms:
        return False
    asked_ms = (one.onset_ms for one in before if one.kind is not TurnKind.DISTRACTOR)
    return last.start_ms > max(asked_ms, default=float("-inf"))


def _while_speaking(said: Utterance, hearing: Hearing, until_ms: float) -> Distraction:
    onset_ms = said.onset_ms
    window_end_ms = onset_ms + DISTRACTED_MS
    cleared = any(
        clear.discarded_ms > 0 and onset_ms < clear.at_ms <= window_end_ms
        for clear in hearing.clears
    )
    for silence in hearing.silences:
        if not onset_ms - LOUD_BEFORE_MS <= silence.start_ms <= window_end_ms:
            continue
        if silence.length_ms < SILENCE_MS or silence.end_ms <= onset_ms:
            continue
        yielded_ms = max(0.0, silence.start_ms - onset_ms)
        if cleared:
            return Distraction(false_yield=1, yielded_ms=yielded_ms)
        if silence.end_ms >= until_ms:
            return Distraction(
                inconclusive="the bot's turn ended by itself; use an answer of at least 10 s"
            )
        if silence.length_ms > RESUMES_BY_MS:
            return Distraction(false_yield=1, yielded_ms=yielded_ms)
    return Distraction(false_yield=0)
