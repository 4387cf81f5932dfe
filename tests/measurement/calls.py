"""Calls put together from what each side does at which moment, judged without waiting.

The bot's messages go through the real `VirtualCall`, so queueing, `clear` and hanging up cut
the audio as on a real line; the timeline is then made as `call/phone.py` makes it.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pipecat_voice_test.audio.codec import ULAW_SILENCE_FRAME, Pcm, encode_ulaw
from pipecat_voice_test.measurement.facts import CallFacts, call_facts
from pipecat_voice_test.measurement.judge import judge_call
from pipecat_voice_test.measurement.results import CallResult, Check, FindingCount, Verdict
from pipecat_voice_test.protocol.identity import CallIdentity
from pipecat_voice_test.protocol.twilio import TwilioWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.scenario.limits import DEFAULT_LIMITS, Limits, Statistic
from pipecat_voice_test.scenario.model import EventName, Expectation, Scenario, Turn, TurnKind
from pipecat_voice_test.timeline import (
    FRAME_MS,
    EndedBy,
    EndedHow,
    Event,
    KeyPressed,
    Rig,
    ScriptedWait,
    Timeline,
    TurnBegan,
    TurnEnded,
    TurnGivenUp,
    UtteranceBegan,
)

IDENTITY = CallIdentity("AC" + "a" * 32, "CA" + "c" * 32, "MZ" + "e" * 32)
VOICE_DBOV = -23.0
SAMPLES_PER_MS = 8
VANISHED = 1006


# --- sounds -------------------------------------------------------------------------------


def tone(ms: float, dbov: float = VOICE_DBOV) -> Pcm:
    """A steady voice of exactly this level."""
    at = np.arange(round(ms * SAMPLES_PER_MS)) / 8000
    amplitude = 32768 * np.sqrt(2) * 10 ** (dbov / 20)
    pcm: Pcm = np.rint(amplitude * np.sin(2 * np.pi * 440 * at + 0.3)).astype(np.int16)
    return pcm


def silence(ms: float) -> Pcm:
    return np.zeros(round(ms * SAMPLES_PER_MS), np.int16)


def hiss(ms: float, dbov: float) -> Pcm:
    noise = np.random.RandomState(7).standard_normal(round(ms * SAMPLES_PER_MS))
    pcm: Pcm = np.rint(noise * 32768 * 10 ** (dbov / 20)).astype(np.int16)
    return pcm


def voice(*lengths_ms: float, dbov: float = VOICE_DBOV) -> Pcm:
    """Voice and pauses by turns: `voice(800, 500, 300)` pauses for 500 ms."""
    return np.concatenate(
        [silence(ms) if index % 2 else tone(ms, dbov) for index, ms in enumerate(lengths_ms)]
    )


# --- scenarios ----------------------------------------------------------------------------


def expect(event: str, **fields: Any) -> Expectation:
    """One expectation, as `{event: …, within_ms: …}` in a file."""
    name = {"llm_response": "response", "tts_response": "response"}.get(event, event)
    known = name in set(EventName)
    return Expectation(0, 0, EventName(name) if known else None, event, **fields)


def answer(within_ms: int | None = None, **fields: Any) -> Expectation:
    return expect("response", within_ms=within_ms, **fields)


def turn(kind: TurnKind, *expected: Expectation, **fields: Any) -> Turn:
    return Turn(0, 0, kind, expect=expected, **fields)


def limits(**own: Mapping[Statistic, float] | None) -> Limits:
    """`limits:` of a file: laid over the defaults metric by metric; None switches one off."""
    return Limits(
        {**DEFAULT_LIMITS.gates, **{metric: gates or {} for metric, gates in own.items()}},
        frozenset(own),
        dict.fromkeys(own, 5),
    )


NO_LIMITS = Limits({}, frozenset(DEFAULT_LIMITS.gates))


def scenario(*turns: Turn, **fields: Any) -> Scenario:
    """A scenario whose turn `i` stands on line `10 * (i + 1)`, its expectations below it."""
    numbered = tuple(
        replace(
            one,
            index=index,
            line=10 * (index + 1),
            expect=tuple(
                replace(expected, index=number, line=10 * (index + 1) + number + 1)
                for number, expected in enumerate(one.expect)
            ),
        )
        for index, one in enumerate(turns)
    )
    return Scenario("a call", Path("calls.yaml"), 1, numbered, **fields)


# --- calls --------------------------------------------------------------------------------


@dataclass
class Call:
    """What happens on one call; every `_ms` is call time unless it is a length.

    Attributes:
        waits_at_end: Whether the script asks for the silence before the caller hangs up, so
            that a test need not care when he does.
    """

    scenario: Scenario
    connect_ms: float = 25.0
    late_ms: Mapping[int, float] = field(default_factory=dict)
    rig: Rig = field(default_factory=Rig)
    waits_at_end: bool = True
    _inbox: list[tuple[float, str]] = field(default_factory=list)
    _caller: list[Event] = field(default_factory=list)
    _end: tuple[float, EndedBy, int | None, str] | None = None
    _lets_go_ms: float | None = 30.0
    _how: EndedHow | None = None

    # --- the bot ----------------------------------------------------------------------

    def bot_plays(
        self,
        at_ms: float,
        pcm: Pcm,
        *,
        message_ms: float = 20.0,
        ahead_ms: float = 0.0,
        until_ms: float = float("inf"),
    ) -> "Call":
        """Send audio in messages of one length, in real time.

        Args:
            at_ms: When the first message arrives.
            pcm: What is played.
            message_ms: Length of each message.
            ahead_ms: How far ahead of its playing a message is sent; infinite dumps it.
            until_ms: From then on nothing is sent.
        """
        ulaw = encode_ulaw(pcm)
        size = round(message_ms * SAMPLES_PER_MS)
        for start in range(0, len(ulaw), size):
            due_ms = at_ms + max(0.0, start / SAMPLES_PER_MS - ahead_ms)
            if due_ms < until_ms:
                payload = base64.b64encode(ulaw[start : start + size]).decode()
                self._message(due_ms, "media", media={"payload": payload})
        return self

    def bot_says(self, at_ms: float, *lengths_ms: float, **how: Any) -> "Call":
        """Voice and pauses by turns, the pauses sent as silence."""
        return self.bot_plays(at_ms, voice(*lengths_ms), **how)

    def bot_says_with_dry_pauses(self, at_ms: float, *lengths_ms: float, **how: Any) -> "Call":
        """Voice and pauses by turns, nothing sent in the pauses."""
        for index, ms in enumerate(lengths_ms):
            if index % 2 == 0:
                self.bot_plays(at_ms, tone(ms), **how)
            at_ms += ms
        return self

    def bot_clears(self, *at_ms: float) -> "Call":
        for each_ms in at_ms:
            self._message(each_ms, "clear")
        return self

    def bot_marks(self, at_ms: float, name: str) -> "Call":
        return self._message(at_ms, "mark", mark={"name": name})

    def bot_blunders(self, at_ms: float) -> "Call":
        """Send a message the network would drop."""
        self._inbox.append((at_ms, '{"event": "media", "streamSid": "MZ0", "media": {}}'))
        return self

    def bot_closes(self, at_ms: float, code: int = 1000, reason: str = "") -> "Call":
        by = EndedBy.BOT_ABNORMAL if code == VANISHED else EndedBy.BOT
        self._end = (at_ms, by, code, reason)
        return self

    # --- the caller -------------------------------------------------------------------

    def caller_listens(self, index: int, began_ms: float = 0.0, *, ends: bool = True) -> "Call":
        self._turn(index, began_ms, began_ms, ends)
        return self

    def caller_says(
        self, index: int, at_ms: float, *lengths_ms: float, began_ms: float | None = None,
        ends: bool = True,
    ) -> "Call":  # fmt: skip
        """Speak from exactly `at_ms` on; lengths are voice and pauses by turns."""
        spans: list[tuple[int, int]] = []
        first_ms = at_ms // FRAME_MS * FRAME_MS
        position = round((at_ms - first_ms) * SAMPLES_PER_MS)
        for number, ms in enumerate(lengths_ms):
            end = position + round(ms * SAMPLES_PER_MS)
            if number % 2 == 0:
                spans.append((position, end))
            position = end
        return self.caller_plays(
            index,
            first_ms,
            position,
            spans,
            began_ms=at_ms - 20 if began_ms is None else began_ms,
            ends=ends,
        )

    def caller_plays(
        self,
        index: int,
        first_ms: float,
        samples: int,
        spans: Sequence[tuple[int, int]],
        *,
        began_ms: float | None = None,
        ends: bool = True,
    ) -> "Call":
        """Play a clip from `first_ms` on, the beginning of a frame."""
        first_sample = round(first_ms * SAMPLES_PER_MS)
        self._caller.append(UtteranceBegan(first_ms, index, first_sample, samples, tuple(spans)))
        self._turn(index, first_ms if began_ms is None else began_ms, first_ms, ends)
        return self

    def caller_presses(self, index: int, at_ms: float, keys: str) -> "Call":
        for number, key in enumerate(keys):
            self._caller.append(KeyPressed(at_ms + 100 * number, index, key))
        self._turn(index, at_ms, at_ms, ends=True)
        return self

    def caller_waits(self, index: int, at_ms: float, until_ms: float) -> "Call":
        """A silence that the scenario asks for."""
        self._caller.append(ScriptedWait(at_ms, index, until_ms))
        return self

    def caller_gives_up(self, index: int, at_ms: float, reason: str) -> "Call":
        self._caller.append(TurnGivenUp(at_ms, index, reason))
        self._turn(index, at_ms, at_ms, ends=True)
        return self

    def caller_hangs_up(self, at_ms: float, *, lets_go_ms: float | None = 30.0) -> "Call":
        self._end = (at_ms, EndedBy.CALLER, None, "")
        self._lets_go_ms = lets_go_ms
        return self

    def bot_hangs_up_over_api(self, at_ms: float, *, closes: int | None = 1000) -> "Call":
        """The network ends the bot's stream; then the bot closes, or never does."""
        self._end = (at_ms, EndedBy.BOT, closes, "")
        self._how = EndedHow.CALL_API
        self._lets_go_ms = None if closes is None else 30.0
        return self

    def times_out(self, at_ms: float) -> "Call":
        self._end = (at_ms, EndedBy.TIMEOUT, None, "")
        return self

    # --- what comes of it -------------------------------------------------------------

    @property
    def timeline(self) -> Timeline:
        return self._held()[0]

    @property
    def facts(self) -> CallFacts:
        return call_facts(self.scenario, self.timeline)

    @property
    def judged(self) -> CallResult:
        timeline, findings = self._held()
        return judge_call(self.scenario, timeline, number=1, findings=findings)

    def values(self, metric: str) -> tuple[float, ...]:
        """The values of one metric, empty if it has none."""
        return self.judged.metrics.get(metric, ())

    def value(self, metric: str) -> float | None:
        """The only value of one metric, or None."""
        found = self.values(metric)
        assert len(found) < 2
        return found[0] if found else None

    def _held(self) -> tuple[Timeline, tuple[FindingCount, ...]]:
        assert self._end is not None, "who ends the call?"
        end_ms, ended_by, code, reason = self._end
        call = VirtualCall(TwilioWire(IDENTITY, {}))
        call.start()
        # What the caller sends moves nothing the bot does here, so only its lateness is kept.
        frames = int(end_ms // FRAME_MS)
        late_ms = tuple(self.late_ms.get(frame, 0.0) for frame in range(frames))
        for at_ms, text in sorted(self._inbox, key=lambda arrival: arrival[0]):
            if at_ms < end_ms:
                call.receive(text, at_ms)
        closed_ms: float | None = end_ms
        if ended_by in (EndedBy.BOT, EndedBy.BOT_ABNORMAL) and self._how is None:
            call.bot_closed(None if code == VANISHED else code, reason, end_ms)
        else:
            call.hang_up(end_ms)
            closed_ms = None if self._lets_go_ms is None else end_ms + self._lets_go_ms
            if closed_ms is not None:
                call.bot_closed(1000, "", closed_ms)
        caller = [*self._caller]
        if self.waits_at_end and ended_by in (EndedBy.CALLER, EndedBy.TIMEOUT):
            last_ms = max((piece.end_sample / SAMPLES_PER_MS for piece in call.heard), default=0.0)
            caller.append(ScriptedWait(last_ms, len(self.scenario.turns) - 1, end_ms))
        events = sorted([*call.events, *caller], key=lambda event: event.at_ms)
        timeline = Timeline(
            events=tuple(events),
            said_ulaw=ULAW_SILENCE_FRAME * frames,
            late_ms=late_ms,
            heard=call.heard,
            raw_ulaw=call.raw_ulaw,
            unheard_ulaw=call.unheard_ulaw,
            most_queued_ms=call.most_queued_ms,
            duration_ms=max(end_ms, FRAME_MS * frames),
            ended_by=ended_by,
            ended_how=self._how,
            ended_at_ms=end_ms,
            close_code=code,
            close_reason=reason,
            bot_closed_ms=closed_ms,
            connect_ms=self.connect_ms,
            rig=self.rig,
        )
        return timeline, tuple(
            FindingCount(
                tally.code, tally.kind, tally.severity, tally.count,
                tally.first.message, tally.first.at_ms,
            )
            for tally in call.finding_counts
        )  # fmt: skip

    def _message(self, at_ms: float, event: str, **fields: Any) -> "Call":
        message = {"event": event, "streamSid": IDENTITY.stream_sid, **fields}
        self._inbox.append((at_ms, json.dumps(message)))
        return self

    def _turn(self, index: int, began_ms: float, at_ms: float, ends: bool) -> None:
        self._caller.append(TurnBegan(began_ms, index))
        if ends:
            self._caller.append(TurnEnded(at_ms, index))


# --- what was judged ----------------------------------------------------------------------


def check(result: CallResult, check_id: str) -> Check:
    """The only check with this id."""
    (found,) = (each for each in result.checks if each.id == check_id)
    return found


def failed(result: CallResult) -> list[str]:
    """The lines people read, of what failed."""
    return [each.message for each in result.checks if each.verdict is Verdict.FAILED]


def failed_metrics(checks: Sequence[Check]) -> list[str]:
    return [each.metric for each in checks if each.verdict is Verdict.FAILED]
