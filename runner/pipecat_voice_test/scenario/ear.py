"""What the caller has heard so far, while the call goes on.

The caller decides by it when to speak and when to wait. Verdicts do not come from here:
`measurement` looks at the whole call afterwards.
"""

from bisect import bisect_right
from dataclasses import dataclass

from pipecat_voice_test.audio.live import Hearing, Switch
from pipecat_voice_test.scenario.matching import Anchors, Occurrence, occurrences
from pipecat_voice_test.scenario.model import Detector, EventName
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
    """Follows the bot at the caller's ear, frame by frame.

    Args:
        turn_gap_ms: What ends a turn of the bot, if the caller does not speak in between.
        detector: As in `Scenario`.

    Attributes:
        turns: The bot's turns so far; the last may still go on.
        switches: When the rule changed by which the bot's speech is found, oldest first; what
            is known of the past changed with it.
        signals: What was seen on the wire, oldest first.
        own_onset_ms: Where the caller's latest speech, or first key, begins; None before.
        own_end_ms: Where it ends, which may lie ahead; 0 before.
    """

    def __init__(self, turn_gap_ms: float, detector: Detector = "auto") -> None:
        self._turn_gap_ms = turn_gap_ms
        self._live = Hearing(detector, turn_gap_ms)
        self._bursts_seen = 0
        self._signals_seen = 0
        self._floors_ms: list[tuple[float, float]] = []  # Own speech that takes the floor.
        self._known: tuple[object, list[Occurrence]] | None = None
        self.turns: list[BotTurn] = []
        self.switches: list[Switch] = []
        self.signals: list[Occurrence] = []
        self.own_onset_ms: float | None = None
        self.own_end_ms = 0.0

    @property
    def is_speaking(self) -> bool:
        """Whether the bot is audible right now."""
        return self._live.is_speaking()

    def hear(self, heard: Heard, until_ms: float) -> None:
        """Take the frame that ended at `until_ms`."""
        switch = self._live.feed(heard.ulaw, until_ms - FRAME_MS)
        if switch is not None:
            self._hear_anew(switch)
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
            self._take_floor(onset_ms, end_ms)
        self.own_onset_ms = onset_ms
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
        # Speech that has just begun may be too short to count, or a turn of its own.
        silent_until_ms = at_ms
        if self._live.speaking_since_ms is not None:
            silent_until_ms = self._live.speaking_since_ms
        if silent_until_ms <= turn.end_ms:
            return turn
        over = silent_until_ms - turn.end_ms >= self._turn_gap_ms
        return None if over or self._spoke_between(turn.end_ms, silent_until_ms) else turn

    def reply_end_ms(self) -> float:
        """End of what the bot has said since the caller spoke, else of the caller's speech."""
        last_ms = self.turns[-1].end_ms if self.turns else 0.0
        return max(last_ms, self.own_end_ms)

    # --- what `send_after` counts from: the latest since the caller last spoke ------------------

    def latest_ms(self, event: EventName, at_ms: float) -> float | None:
        """When an event last happened since the caller spoke, his own included."""
        match event:
            case EventName.BOT_STARTED_SPEAKING:
                return self.latest_start_ms()
            case EventName.BOT_STOPPED_SPEAKING:
                return self.latest_stop_ms(at_ms)
            case EventName.USER_STARTED_SPEAKING:
                return self.own_onset_ms
            case EventName.USER_STOPPED_SPEAKING:
                return None if self.own_onset_ms is None else self.own_end_ms
            case _:
                return self.latest_signal_ms(event)

    def latest_start_ms(self) -> float | None:
        """When the bot last began to speak; its early answer to the caller counts too.

        A reply that follows so closely on what the bot said before that both are one turn
        begins with its first burst.
        """
        if not self.turns:
            return None
        if self.own_onset_ms is None or self.turns[-1].start_ms >= self.own_onset_ms:
            return self.turns[-1].start_ms
        if not self._floors_ms or self._floors_ms[-1][1] != self.own_end_ms:
            return None
        return self._burst_from(self.own_end_ms)

    def latest_stop_ms(self, at_ms: float) -> float | None:
        """When the bot's latest turn ended, once that is known."""
        if not self.turns or self.turn_in_progress(at_ms) is not None:
            return None
        end_ms = self.turns[-1].end_ms
        return end_ms if end_ms >= self.own_end_ms else None

    def latest_signal_ms(self, event: EventName) -> float | None:
        """When the latest `clear` or `mark` came; a `clear` answers speech that goes on."""
        since_ms = self.own_onset_ms or 0.0
        for signal in reversed(self.signals):
            if signal.at_ms < since_ms:
                return None
            if signal.event is event:
                return signal.at_ms
        return None

    # --- what `expect` waits for --------------------------------------------------------------

    def occurrences(
        self, anchors: Anchors, at_ms: float, yields_after_ms: float = YIELDED_MS
    ) -> list[Occurrence]:
        """Everything a turn with these anchors can expect, oldest first.

        The same list comes back until something has changed. A silence of `yields_after_ms`
        after the caller's onset passes for a yielding.
        """
        turns_over = len(self.turns) - (self.turn_in_progress(at_ms) is not None)
        answer_ms = self.answer_ms(anchors)
        yielded_ms = self._yielded_ms(anchors.onset_ms, at_ms, yields_after_ms)
        seen = (anchors, self._bursts_seen, turns_over, self._signals_seen, answer_ms, yielded_ms)
        if self._known is None or self._known[0] != seen:
            happened = occurrences(
                anchors,
                bot_turns=[(turn.start_ms, turn.end_ms) for turn in self.turns],
                turns_over=turns_over,
                signals=self.signals,
                answer_ms=answer_ms,
                yielded_ms=yielded_ms,
            )
            self._known = (seen, happened)
        return self._known[1]

    def answer_ms(self, anchors: Anchors) -> float | None:
        """Onset of the reply to the caller's speech; one that came early counts too.

        What the bot was saying before, and goes on with, is no answer.
        """
        end_ms = anchors.speech_end_ms
        if end_ms is None:
            return None
        since_ms = end_ms if anchors.onset_ms is None else anchors.onset_ms
        bursts = self._live.bursts
        for start_ms, _ in bursts[bisect_right(bursts, end_ms, key=_end_ms) :]:
            if start_ms >= since_ms:
                return start_ms
        return None

    def _yielded_ms(self, onset_ms: float | None, at_ms: float, after_ms: float) -> float | None:
        bursts = self._live.bursts
        if onset_ms is None:
            return None
        # Speech that has just begun is not a burst yet, but it ends the silence before it.
        begun_ms = self._live.speaking_since_ms
        first = bisect_right(bursts, onset_ms - LOUD_BEFORE_MS, key=_end_ms)
        for index in range(first, len(bursts)):
            end_ms = bursts[index][1]
            resumes_ms = at_ms if begun_ms is None else begun_ms
            if index + 1 < len(bursts):
                resumes_ms = bursts[index + 1][0]
            if resumes_ms > onset_ms and resumes_ms - end_ms >= after_ms:
                return max(end_ms, onset_ms)
        return None

    # --- inside -------------------------------------------------------------------------------

    def _hear_anew(self, switch: Switch) -> None:
        self.switches.append(switch)
        self.turns.clear()
        for burst in self._live.bursts:
            self._begin_burst(*burst)
        self._bursts_seen = len(self._live.bursts)
        self._known = None

    def _take_floor(self, onset_ms: float, end_ms: float) -> None:
        if self._floors_ms and self._floors_ms[-1][0] == onset_ms:
            self._floors_ms.pop()  # One key after the other is one speech that grows.
        self._floors_ms.append((onset_ms, end_ms))

    def _begin_burst(self, start_ms: float, end_ms: float) -> None:
        if self.turns:
            turn = self.turns[-1]
            close = start_ms - turn.end_ms < self._turn_gap_ms
            if close and not self._spoke_between(turn.end_ms, start_ms):
                turn.end_ms = end_ms
                return
        self.turns.append(BotTurn(start_ms, end_ms))

    def _burst_from(self, from_ms: float) -> float | None:
        return next((start for start, _ in self._live.bursts if start >= from_ms), None)

    def _spoke_between(self, from_ms: float, until_ms: float) -> bool:
        """Whether the caller had the floor in a silence of the bot."""
        return any(start < until_ms and end > from_ms for start, end in self._floors_ms)

    def _note(self, event: Event) -> None:
        match event:
            case PlaybackCleared():
                self.signals.append(Occurrence(EventName.CLEAR, event.at_ms))
            case MarkReceived(name=name):
                self.signals.append(Occurrence(EventName.MARK, event.at_ms, name))
            case _:
                return
        self._signals_seen += 1
        del self.signals[:-SIGNALS_KEPT]


def _end_ms(burst: tuple[float, float]) -> float:
    return burst[1]
