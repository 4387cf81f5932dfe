"""What the caller has heard so far, while the call goes on.

The caller decides by it when to speak and when to wait. Verdicts do not come from here:
`measurement` looks at the whole call afterwards.
"""

from dataclasses import dataclass

from pipecat_voice_test.audio.live import LiveSpeech
from pipecat_voice_test.scenario.matching import Anchors, Occurrence, occurrences
from pipecat_voice_test.scenario.model import EventName
from pipecat_voice_test.timeline import FRAME_MS, Event, Heard, MarkReceived, PlaybackCleared

SIGNALS_KEPT = 1000  # A flood of marks must not slow the caller down.
YIELDED_MS = 400  # Silence this long after an interruption looks like yielding.
LOUD_BEFORE_MS = 400


@dataclass(slots=True)
class BotTurn:
    """One turn of the bot: bursts close together between which the caller did not speak."""

    start_ms: float
    end_ms: float


class Ear:
    """Follows the bot at the caller's ear, frame by frame."""

    def __init__(self, turn_gap_ms: float) -> None:
        self._turn_gap_ms = turn_gap_ms
        self._live = LiveSpeech()
        self._bursts_seen = 0
        self._own_onsets_ms: list[float] = []
        self.turns: list[BotTurn] = []
        self.signals: list[Occurrence] = []
        self.own_end_ms = 0.0

    @property
    def is_speaking(self) -> bool:
        """Whether the bot is audible right now."""
        return self._live.is_speaking()

    def hear(self, heard: Heard, until_ms: float) -> None:
        """Take the frame that ended at `until_ms`."""
        self._live.feed(heard.ulaw, until_ms - FRAME_MS)
        for event in heard.events:
            self._note(event)
        bursts = self._live.bursts
        if len(bursts) > self._bursts_seen:
            self._bursts_seen = len(bursts)
            self._begin_burst(*bursts[-1])
        elif bursts:
            self.turns[-1].end_ms = bursts[-1][1]

    def caller_spoke(self, onset_ms: float, end_ms: float, *, takes_floor: bool) -> None:
        """The caller's own speech, or keys; it separates bot turns if it takes the floor."""
        if takes_floor:
            self._own_onsets_ms.append(onset_ms)
        self.own_end_ms = end_ms

    def quiet_ms(self, at_ms: float) -> float:
        """For how long neither side has spoken."""
        if self.is_speaking:
            return 0.0
        last_ms = self.turns[-1].end_ms if self.turns else 0.0
        return at_ms - max(last_ms, self.own_end_ms)

    def turn_in_progress(self, at_ms: float) -> BotTurn | None:
        """The bot turn that is not over yet; a breath inside it does not end it."""
        if not self.turns:
            return None
        turn = self.turns[-1]
        if self.is_speaking:
            return turn
        over = at_ms - turn.end_ms >= self._turn_gap_ms or self._spoke_after(turn.end_ms)
        return None if over else turn

    def latest_start_ms(self) -> float | None:
        """When the bot's latest turn began, if the caller has not spoken since."""
        if not self.turns:
            return None
        turn = self.turns[-1]
        if turn.start_ms >= self.own_end_ms or turn.end_ms > self.own_end_ms:
            return turn.start_ms
        return None

    def latest_stop_ms(self, at_ms: float) -> float | None:
        """When the bot's latest turn ended, if the caller has not spoken since."""
        if not self.turns or self.turn_in_progress(at_ms) is not None:
            return None
        end_ms = self.turns[-1].end_ms
        return end_ms if end_ms >= self.own_end_ms else None

    def latest_signal_ms(self, event: EventName) -> float | None:
        """When the latest `clear` or `mark` came, if the caller has not spoken since."""
        return next(
            (
                signal.at_ms
                for signal in reversed(self.signals)
                if signal.event is event and signal.at_ms >= self.own_end_ms
            ),
            None,
        )

    def occurrences(self, anchors: Anchors, at_ms: float) -> list[Occurrence]:
        """Everything a turn with these anchors can expect, oldest first."""
        in_progress = self.turn_in_progress(at_ms)
        return occurrences(
            anchors,
            bot_turns=[(turn.start_ms, turn.end_ms) for turn in self.turns],
            turns_over=len(self.turns) - (in_progress is not None),
            signals=self.signals,
            answer_ms=self._answer_ms(anchors.speech_end_ms),
            yielded_ms=self._yielded_ms(anchors.onset_ms, at_ms),
        )

    def _answer_ms(self, speech_end_ms: float | None) -> float | None:
        """Onset of the reply to the caller's speech; one that came early counts too."""
        if speech_end_ms is None:
            return None
        return next(
            (start for start, end in self._live.bursts if max(start, end) > speech_end_ms), None
        )

    def _yielded_ms(self, onset_ms: float | None, at_ms: float) -> float | None:
        if onset_ms is None:
            return None
        # Speech that has just begun is not a burst yet, but it ends the silence before it.
        begun_ms = self._live.speaking_since_ms
        starts = [start for start, _ in self._live.bursts[1:]]
        starts.append(at_ms if begun_ms is None else begun_ms)
        for (_, end_ms), resumes_ms in zip(self._live.bursts, starts, strict=True):
            if end_ms < onset_ms - LOUD_BEFORE_MS or resumes_ms <= onset_ms:
                continue
            if resumes_ms - end_ms >= YIELDED_MS:
                return max(end_ms, onset_ms)
        return None

    def _begin_burst(self, start_ms: float, end_ms: float) -> None:
        if self.turns:
            turn = self.turns[-1]
            close = start_ms - turn.end_ms < self._turn_gap_ms
            if close and not self._spoke_between(turn.end_ms, start_ms):
                turn.end_ms = end_ms
                return
        self.turns.append(BotTurn(start_ms, end_ms))

    def _spoke_after(self, at_ms: float) -> bool:
        return bool(self._own_onsets_ms) and self.own_end_ms > at_ms

    def _spoke_between(self, from_ms: float, until_ms: float) -> bool:
        return (
            bool(self._own_onsets_ms)
            and self._own_onsets_ms[-1] < until_ms
            and self.own_end_ms > from_ms
        )

    def _note(self, event: Event) -> None:
        match event:
            case PlaybackCleared():
                self.signals.append(Occurrence(EventName.CLEAR, event.at_ms))
            case MarkReceived(name=name):
                self.signals.append(Occurrence(EventName.MARK, event.at_ms, name))
        del self.signals[:-SIGNALS_KEPT]
