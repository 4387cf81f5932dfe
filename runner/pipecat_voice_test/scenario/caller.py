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
from pipecat_voice_test.scenario.waiting import Waiting, only_skipped, quiet_needed_ms
from pipecat_voice_test.timeline import (
    FRAME_MS,
    FRAME_SAMPLES,
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
        self.ear = Ear(scenario.turn_gap_ms)
        self.events: list[Event] = []
        self.waiting_for = ""
        self._scenario = scenario
        self._clips = clips
        self._line = line
        self._at_ms = 0
        self._sound = b""
        self._key = ""
        self._own_onset_ms: float | None = None
        self._failed = False
        self._replied_to = False  # Whether the turn before awaited a reply.
        self._script = self._play_all()

    @property
    def is_speaking(self) -> bool:
        return bool(self._sound)

    def next_frame(self, at_ms: int, heard: Heard) -> CallerFrame | None:
        """The next 20 ms of the script; None when it is over."""
        self._at_ms = at_ms
        if at_ms:
            self.ear.hear(heard, at_ms)
        try:
            next(self._script)
        except StopIteration:
            return None
        key, self._key = self._key, ""
        return CallerFrame(self._next_sound(), key)

    def _next_sound(self) -> bytes:
        if not self._sound:
            return self._line.quiet_frame(self._at_ms // FRAME_MS)
        frame, self._sound = self._sound[:FRAME_SAMPLES], self._sound[FRAME_SAMPLES:]
        return frame

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
        began_ms = float(self._at_ms)
        if turn.kind is TurnKind.LISTEN:
            began_ms = yield from self._after_the_reply(began_ms)
        self.events.append(TurnBegan(began_ms, turn.index))
        anchors = Anchors(began_ms, speech_end_ms=began_ms)
        if turn.kind is not TurnKind.LISTEN:
            onset_ms = yield from self._when_to_begin(turn, before)
            if onset_ms is None:
                self.events.append(TurnEnded(self._at_ms, turn.index))
                return
            if turn.speaks:
                anchors = yield from self._speak(turn, onset_ms, began_ms)
            elif turn.dtmf:
                anchors = yield from self._press(turn, onset_ms, began_ms)
            elif turn.kind is TurnKind.WAIT:
                yield from self._wait_scripted(turn)
        yield from self._await(turn, anchors)
        self.events.append(TurnEnded(self._at_ms, turn.index))

    def _after_the_reply(self, began_ms: float) -> Generator[None, None, float]:
        """A listening turn begins after the reply in progress."""
        self.waiting_for = "the end of the reply"
        give_up_ms = self._at_ms + POLITE_AT_MOST_MS
        while (turn := self.ear.turn_in_progress(self._at_ms)) and self._at_ms < give_up_ms:
            began_ms = max(began_ms, turn.end_ms)
            yield
            began_ms = max(began_ms, turn.end_ms)
        return began_ms

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
        if after is not None and not self._replied_to:
            return self._scripted(turn, self.ear.own_end_ms + after.delay_ms)
        gap_ms = quiet_needed_ms(before, self._scenario.turn_gap_ms)
        if after is not None:
            gap_ms = self._scenario.turn_gap_ms
        yield from self._let_the_bot_finish(
            gap_ms, POLITE_AT_MOST_MS, f"turn {turn.index + 1} was spoken all the same"
        )
        if after is None:
            return float(self._at_ms)
        reply_end_ms = self.ear.turns[-1].end_ms if self.ear.turns else self.ear.own_end_ms
        return self._scripted(turn, reply_end_ms + after.delay_ms)

    def _after_event(
        self, turn: Turn, after: SendAfter, event: EventName
    ) -> Generator[None, None, float | None]:
        self.waiting_for = event.value
        give_up_ms = self._at_ms + SEND_AFTER_AT_MOST_MS
        while (anchor_ms := self._latest_ms(event)) is None:
            if self._at_ms >= give_up_ms:
                self._give_up(
                    turn,
                    f"`send_after` waited {SEND_AFTER_AT_MOST_MS} ms for {event.value}, "
                    "which never came",
                )
                return None
            yield
        return self._scripted(turn, anchor_ms + after.delay_ms)

    def _latest_ms(self, event: EventName) -> float | None:
        match event:
            case EventName.BOT_STARTED_SPEAKING:
                return self.ear.latest_start_ms()
            case EventName.BOT_STOPPED_SPEAKING:
                return self.ear.latest_stop_ms(self._at_ms)
            case EventName.USER_STARTED_SPEAKING:
                return self._own_onset_ms
            case EventName.USER_STOPPED_SPEAKING:
                return None if self._own_onset_ms is None else self.ear.own_end_ms
            case _:
                return self.ear.latest_signal_ms(event)

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

    def _speak(
        self, turn: Turn, onset_ms: float, began_ms: float
    ) -> Generator[None, None, Anchors]:
        clip = self._clips[turn.index]
        lead_ms = clip.spans[0][0] / SAMPLES_PER_MS
        self.waiting_for = "the moment to speak"
        while self._at_ms + lead_ms < onset_ms:
            yield
        first_ms = self._at_ms
        self.waiting_for = ""
        self._sound = self._line.mix(clip.pcm, first_ms // FRAME_MS)
        self.events.append(
            UtteranceBegan(
                first_ms, turn.index, first_ms * SAMPLES_PER_MS, len(clip.pcm), clip.spans
            )
        )
        spoken = Anchors(
            began_ms, first_ms + lead_ms, first_ms + clip.spans[-1][1] / SAMPLES_PER_MS
        )
        self._own(spoken, takes_floor=turn.kind is not TurnKind.DISTRACTOR)
        yield from self._until(spoken.speech_end_ms or 0.0)
        return spoken

    def _press(
        self, turn: Turn, onset_ms: float, began_ms: float
    ) -> Generator[None, None, Anchors]:
        self.waiting_for = "the moment to press"
        yield from self._until(onset_ms)
        first_ms = self._at_ms
        for number, digit in enumerate(turn.dtmf):
            yield from self._until(first_ms + number * KEY_GAP_MS)
            self._key = digit
            self.events.append(KeyPressed(self._at_ms, turn.index, digit))
        pressed = Anchors(began_ms, first_ms, self._at_ms)
        self._own(pressed, takes_floor=True)
        yield
        return pressed

    def _own(self, anchors: Anchors, *, takes_floor: bool) -> None:
        assert anchors.onset_ms is not None
        assert anchors.speech_end_ms is not None
        self._own_onset_ms = anchors.onset_ms
        self.ear.caller_spoke(anchors.onset_ms, anchors.speech_end_ms, takes_floor=takes_floor)

    def _wait_scripted(self, turn: Turn) -> Script:
        """Silence after the reply in progress; its quiet end is part of the wait."""
        until_ms = self._at_ms + turn.wait_ms
        while (reply := self.ear.turn_in_progress(self._at_ms)) is not None:
            until_ms = max(until_ms, round(reply.end_ms) + turn.wait_ms)
            yield
        self._scripted(turn, until_ms)
        self.waiting_for = "the scripted wait"
        yield from self._until(until_ms)

    def _until(self, at_ms: float) -> Script:
        while self._at_ms < at_ms:
            yield

    # --- waiting for the bot --------------------------------------------------------------

    def _await(self, turn: Turn, anchors: Anchors) -> Script:
        """Wait until every expectation of the turn is met, or can no longer be."""
        self._replied_to = bool(turn.expect)
        if only_skipped(turn):
            yield from self._await_unjudged(turn, anchors)
            return
        waiting = Waiting(turn.expect, anchors)
        while True:
            state = waiting.look(self.ear.occurrences(anchors, self._at_ms), self._at_ms)
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
        since_ms = anchors.speech_end_ms or 0.0
        while self._at_ms < give_up_ms:
            if any(bot.end_ms > since_ms for bot in self.ear.turns):
                return
            yield

    def _next_names_an_event(self, turn: Turn) -> bool:
        following = self._scenario.turns[turn.index + 1 : turn.index + 2]
        return any(t.send_after is not None and t.send_after.event is not None for t in following)

    def _give_up(self, turn: Turn, reason: str) -> None:
        self._failed = True
        self.events.append(TurnGivenUp(self._at_ms, turn.index, reason))
