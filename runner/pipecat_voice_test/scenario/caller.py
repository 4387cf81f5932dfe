"""The caller who follows a script: what he says next, and how long he waits.

The script is a generator that is resumed once per 20 ms frame, so the flow of a call reads
from top to bottom as in DESIGN 5, "Flow". It knows the time only from `next_frame`.
"""

from collections.abc import Generator, Mapping
from typing import Protocol

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.line import LineSound
from pipecat_voice_test.scenario.ear import Ear
from pipecat_voice_test.scenario.matching import Anchors
from pipecat_voice_test.scenario.model import EventName, Scenario, SendAfter, Turn, TurnKind
from pipecat_voice_test.scenario.mouth import Mouth
from pipecat_voice_test.scenario.waiting import (
    Waiting,
    awaits_reply,
    only_skipped,
    quiet_needed_ms,
    yields_after_ms,
)
from pipecat_voice_test.timeline import (
    FRAME_MS,
    SAMPLES_PER_MS,
    CallerFrame,
    Event,
    Heard,
    KeyPressed,
    Note,
    ScriptedWait,
    TurnBegan,
    TurnEnded,
    TurnGivenUp,
    UtteranceBegan,
)

POLITE_AT_MOST_MS = 30_000
SEND_AFTER_AT_MOST_MS = 30_000
UNJUDGED_REPLY_MS = 8_000
GOODBYE_AT_MOST_MS = 15_000
KEY_GAP_MS = 100  # P-16

Script = Generator[None]


class Clip(Protocol):
    """An utterance ready to be said: 8 kHz samples, and where in them there is speech."""

    @property
    def pcm(self) -> Pcm: ...
    @property
    def spans(self) -> tuple[tuple[int, int], ...]: ...


class ScriptedCaller:
    """Plays one scenario; a `timeline.Caller`.

    Attributes:
        waiting_for: What the caller waits for right now, for people.
        is_speaking: Whether the caller is speaking right now.
        ear: What has been heard so far.
    """

    def __init__(self, scenario: Scenario, clips: Mapping[int, Clip], line: LineSound) -> None:
        self.ear = Ear(scenario.turn_gap_ms, scenario.detector)
        self.events: list[Event] = []
        self.waiting_for = ""
        self._scenario = scenario
        self._clips = clips
        self._mouth = Mouth(line)
        self._at_ms = 0
        self._key = ""
        self._failed = False
        self._script = self._play_all()

    @property
    def is_speaking(self) -> bool:
        return self._mouth.is_speaking

    def next_frame(self, at_ms: int, heard: Heard) -> CallerFrame | None:
        """The next 20 ms of the script; None when it is over."""
        self._at_ms = at_ms
        if at_ms:
            self._hear(heard)
        try:
            next(self._script)
        except StopIteration:
            return None
        key, self._key = self._key, ""
        return CallerFrame(self._mouth.next_frame(at_ms // FRAME_MS), key)

    def _hear(self, heard: Heard) -> None:
        known = len(self.ear.switches)
        self.ear.hear(heard, self._at_ms)
        for switch in self.ear.switches[known:]:
            if switch.because:
                self.events.append(Note(self._at_ms, str(switch)))

    # --- the script -----------------------------------------------------------------------

    def _play_all(self) -> Script:
        before: Turn | None = None
        for turn in self._scenario.turns:
            yield from self._play(turn, before)
            if turn.kind is TurnKind.HANGUP or (self._failed and self._scenario.stop_on_failure):
                return
            before = turn
        yield from self._let_the_bot_finish(self._scenario.turn_gap_ms, GOODBYE_AT_MOST_MS, "")

    def _play(self, turn: Turn, before: Turn | None) -> Script:
        if turn.kind is TurnKind.LISTEN:
            anchors = yield from self._listen(turn)
        else:
            onset_ms = yield from self._when_to_begin(turn, before)
            if onset_ms is None:
                return
            if turn.speaks:
                anchors = yield from self._speak(turn, onset_ms)
            elif turn.dtmf:
                anchors = yield from self._press(turn, onset_ms)
            else:
                anchors = yield from self._keep_quiet(turn, onset_ms)
        yield from self._await(turn, anchors)
        self.events.append(TurnEnded(self._at_ms, turn.index))

    def _begin(self, turn: Turn, at_ms: float) -> None:
        self.events.append(TurnBegan(at_ms, turn.index))

    def _listen(self, turn: Turn) -> Generator[None, None, Anchors]:
        """A listening turn begins after the reply in progress."""
        began_ms = float(self._at_ms)
        self.waiting_for = "the end of the reply"
        give_up_ms = self._at_ms + POLITE_AT_MOST_MS
        while (reply := self.ear.turn_in_progress(self._at_ms)) and self._at_ms < give_up_ms:
            yield
            began_ms = max(began_ms, reply.end_ms)
        self._begin(turn, began_ms)
        return Anchors(began_ms, speech_end_ms=began_ms)

    # --- when to begin --------------------------------------------------------------------

    def _when_to_begin(
        self, turn: Turn, before: Turn | None
    ) -> Generator[None, None, float | None]:
        """Wait for the turn's moment: when its first sound is due, None if it never comes."""
        after = turn.send_after
        if after is not None and after.event is not None:
            return (yield from self._after_event(turn, after, after.event))
        if turn.kind is TurnKind.WAIT:
            return float(self._at_ms)
        if after is not None and not awaits_reply(before):
            return self._scripted(turn, self.ear.own_end_ms + after.delay_ms)
        gap_ms = quiet_needed_ms(before, self._scenario.turn_gap_ms)
        if after is not None:
            gap_ms = self._scenario.turn_gap_ms
        yield from self._let_the_bot_finish(
            gap_ms, POLITE_AT_MOST_MS, f"the caller went on with turn {turn.index + 1}"
        )
        if after is None:
            return float(self._at_ms)
        return self._scripted(turn, self.ear.reply_end_ms() + after.delay_ms)

    def _after_event(
        self, turn: Turn, after: SendAfter, event: EventName
    ) -> Generator[None, None, float | None]:
        give_up_ms = self._at_ms + SEND_AFTER_AT_MOST_MS
        while True:
            self.waiting_for = event.value
            while (anchor_ms := self.ear.latest_ms(event, self._at_ms)) is None:
                if self._at_ms >= give_up_ms:
                    self._give_up(
                        turn,
                        f"`send_after` waited {SEND_AFTER_AT_MOST_MS} ms for {event.value}, "
                        "which never came",
                    )
                    return None
                yield
            onset_ms = self._scripted(turn, anchor_ms + after.delay_ms)
            if not (yield from self._heard_anew_until(onset_ms - self._lead_ms(turn))):
                return onset_ms

    def _heard_anew_until(self, at_ms: float) -> Generator[None, None, bool]:
        """Wait; true as soon as the bot's speech turns out to have begun at another moment."""
        self.waiting_for = "the moment to begin"
        switches = len(self.ear.switches)
        while self._at_ms < at_ms and len(self.ear.switches) == switches:
            yield
        return len(self.ear.switches) > switches

    def _lead_ms(self, turn: Turn) -> float:
        """How long a turn goes on before its first sound."""
        return self._clips[turn.index].spans[0][0] / SAMPLES_PER_MS if turn.speaks else 0.0

    def _scripted(self, turn: Turn, onset_ms: float) -> float:
        self.events.append(ScriptedWait(self._at_ms, turn.index, onset_ms))
        return onset_ms

    def _let_the_bot_finish(self, gap_ms: float, at_most_ms: float, otherwise: str) -> Script:
        self.waiting_for = "the bot to finish"
        give_up_ms = self._at_ms + at_most_ms
        while self.ear.quiet_ms(self._at_ms) < gap_ms:
            if self._at_ms >= give_up_ms:
                if otherwise:
                    text = f"the bot had not finished after {at_most_ms:.0f} ms; {otherwise}"
                    self.events.append(Note(self._at_ms, text))
                return
            yield

    # --- what is done ---------------------------------------------------------------------

    def _speak(self, turn: Turn, onset_ms: float) -> Generator[None, None, Anchors]:
        clip = self._clips[turn.index]
        lead_ms = self._lead_ms(turn)
        self.waiting_for = "the moment to speak"
        yield from self._until(onset_ms - lead_ms)
        first_ms = self._at_ms
        self._begin(turn, first_ms)
        self._mouth.say(clip.pcm, first_ms // FRAME_MS)
        self.events.append(
            UtteranceBegan(
                first_ms, turn.index, first_ms * SAMPLES_PER_MS, len(clip.pcm), clip.spans
            )
        )
        end_ms = first_ms + clip.spans[-1][1] / SAMPLES_PER_MS
        takes_floor = turn.kind is not TurnKind.DISTRACTOR
        self.ear.caller_spoke(first_ms + lead_ms, end_ms, takes_floor=takes_floor)
        self.waiting_for = ""
        yield from self._until(end_ms)
        return Anchors(first_ms, first_ms + lead_ms, end_ms)

    def _press(self, turn: Turn, onset_ms: float) -> Generator[None, None, Anchors]:
        self.waiting_for = "the moment to press"
        yield from self._until(onset_ms)
        first_ms = self._at_ms
        self._begin(turn, first_ms)
        self.waiting_for = ""
        for number, digit in enumerate(turn.dtmf):
            yield from self._until(first_ms + number * KEY_GAP_MS)
            self._key = digit
            self.events.append(KeyPressed(self._at_ms, turn.index, digit))
            self.ear.caller_spoke(first_ms, self._at_ms, takes_floor=True)
        pressed = Anchors(first_ms, first_ms, self._at_ms)
        yield
        return pressed

    def _keep_quiet(self, turn: Turn, onset_ms: float) -> Generator[None, None, Anchors]:
        """A scripted wait, which a reply in progress comes before; or the moment to hang up."""
        yield from self._until(onset_ms)
        began_ms = self._at_ms
        self._begin(turn, began_ms)
        until_ms = began_ms + turn.wait_ms
        give_up_ms = began_ms + POLITE_AT_MOST_MS
        while turn.wait_ms and self._at_ms < give_up_ms:
            reply = self.ear.turn_in_progress(self._at_ms)
            if reply is None:
                break
            until_ms = max(until_ms, round(reply.end_ms) + turn.wait_ms)
            yield
        if turn.wait_ms:
            self._scripted(turn, until_ms)
        self.waiting_for = "the scripted wait"
        yield from self._until(until_ms)
        return Anchors(began_ms, speech_end_ms=began_ms)

    def _until(self, at_ms: float) -> Script:
        while self._at_ms < at_ms:
            yield

    # --- waiting for the bot --------------------------------------------------------------

    def _await(self, turn: Turn, anchors: Anchors) -> Script:
        """Wait until every expectation of the turn is met, or can no longer be."""
        if only_skipped(turn):
            yield from self._await_unjudged(turn, anchors)
            return
        waiting = Waiting(turn.expect, anchors)
        yields_ms = yields_after_ms(turn, self._scenario.turn_gap_ms)
        while True:
            happened = self.ear.occurrences(anchors, self._at_ms, yields_ms)
            state = waiting.look(happened, self._at_ms)
            if state.failed:
                self._failed = True
            if not state.pending or (state.failed and self._scenario.stop_on_failure):
                break
            self.waiting_for = state.pending
            yield
        self.waiting_for = ""

    def _await_unjudged(self, turn: Turn, anchors: Anchors) -> Script:
        if not turn.expect or self._next_names_an_event(turn):
            return
        self.waiting_for = "a reply, which is not judged"
        give_up_ms = self._at_ms + UNJUDGED_REPLY_MS
        while self._at_ms < give_up_ms and self.ear.answer_ms(anchors) is None:
            yield

    def _next_names_an_event(self, turn: Turn) -> bool:
        following = self._scenario.turns[turn.index + 1 : turn.index + 2]
        return any(t.send_after is not None and t.send_after.event is not None for t in following)

    def _give_up(self, turn: Turn, reason: str) -> None:
        self._failed = True
        self._begin(turn, self._at_ms)
        self.events.append(TurnGivenUp(self._at_ms, turn.index, reason))
        self.events.append(TurnEnded(self._at_ms, turn.index))
