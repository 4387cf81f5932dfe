"""One call from dialling to verdict: introduces the caller, the line and the bot to each other."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from pipecat_voice_test.audio.line import LineSound
from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.call.phone import CallLimits, PhoneCall
from pipecat_voice_test.call_api.api import CallApi
from pipecat_voice_test.call_api.calls import ApiCall
from pipecat_voice_test.doors.door import CallFacts, Door, OpenLine
from pipecat_voice_test.doors.providers import REORDERING
from pipecat_voice_test.errors import BotError
from pipecat_voice_test.measurement.comparison.fingerprint import Fingerprint
from pipecat_voice_test.measurement.judge import judge_call
from pipecat_voice_test.measurement.results import CallResult, Check, FindingCount, Verdict
from pipecat_voice_test.protocol.identity import CallIdentity, call_identity
from pipecat_voice_test.protocol.record import FindingTally
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.scenario.caller import Clip, ScriptedCaller
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.timeline import EndedBy, EndedHow, Event, Finding, Note, Timeline


@dataclass(frozen=True, slots=True)
class Prepared:
    """A scenario with everything the caller says and hears around him, ready to be played.

    Attributes:
        fingerprint: What another run must share to be compared (M-31).
    """

    scenario: Scenario
    clips: Mapping[int, Clip]
    line: LineSound
    fingerprint: Fingerprint | None = None


class OneCall:
    """One call of one scenario; watchers look at it while it goes on.

    Attributes:
        number: From 1, within the scenario.
        caller: What the caller does right now, and what he hears.
        is_over: Somebody has hung up.
    """

    def __init__(
        self,
        prepared: Prepared,
        number: int,
        *,
        seed: int,
        clock: Clock,
        heartbeat: Heartbeat,
        provider: str = "twilio",
        identity: CallIdentity | None = None,
        call_api: CallApi | None = None,
    ) -> None:
        self.scenario = prepared.scenario
        self.number = number
        self.caller = ScriptedCaller(prepared.scenario, prepared.clips, prepared.line)
        self.is_over = False
        self.began_ms = clock.now_ms()
        self._clock = clock
        self._heartbeat = heartbeat
        self._identity = identity or call_identity(seed, prepared.scenario.name, number, provider)
        self._call_api = call_api
        self._provider = provider
        self._phone: PhoneCall | None = None
        self._noticed: tuple[Event, ...] = ()  # On the way to a call that did not come about.

    async def hold(self, door: Door) -> None:
        """Come in by a door, and play the scenario in real time.

        Raises:
            BotError: The bot took no call.
            UsageError: The scenario asks for what this door cannot do.
        """
        setup = self.scenario.call
        facts = CallFacts(
            self._identity,
            setup.from_number,
            setup.to_number,
            setup.parameters,
            self.scenario.line.reorder,
        )
        known = ApiCall(self._identity.call_sid, setup.from_number, setup.to_number)
        with nullcontext() if self._call_api is None else self._call_api.knows(known):
            try:
                line = await door.open(facts, self._clock)
            except BotError as error:
                self._noticed = tuple(one for one in error.noticed if isinstance(one, Event))
                raise
            await self._hold(line, known)

    async def _hold(self, line: OpenLine, known: ApiCall) -> None:
        call = VirtualCall(line.wire)
        for event in line.events:
            record(call, event)
        if self.scenario.line.reorder and self._provider not in REORDERING:
            record(call, Note(0.0, "This network keeps frames in order: `reorder` did nothing."))
        self._phone = PhoneCall(
            call,
            self.caller,
            line.socket,
            self._clock,
            identity=self._identity,
            limits=CallLimits(max_call_ms=self.scenario.call.max_call_s * 1000.0),
            connect_ms=line.connect_ms,
            heartbeat=self._heartbeat,
        )
        start_ms = self._clock.now_ms()
        known.connect(self._phone)
        await self._phone.hold()
        self.is_over = True
        over_ms = self._clock.now_ms() - start_ms
        for event in await self._afterwards(line, known):
            record(call, replace(event, at_ms=over_ms + event.at_ms))

    async def _afterwards(self, line: OpenLine, known: ApiCall) -> Sequence[Event]:
        """What the network does when the stream has ended."""
        assert self._phone is not None
        if known.transfer is not None and line.go_on_with is not None:
            return await line.go_on_with(known.transfer)
        if line.after is None:
            return ()
        # Nobody is on the line any more when a bot has hung up for the caller.
        hung_up = self._phone.ended_how is EndedHow.CALL_API
        return await line.after(EndedBy.CALLER if hung_up else self._phone.ended_by)

    def timeline(self) -> Timeline:
        """What happened in the call that was held."""
        assert self._phone is not None
        return self._phone.timeline()

    def judged(self) -> CallResult:
        """The call that was held, measured and held against its scenario."""
        assert self._phone is not None
        return judge_call(
            self.scenario,
            self.timeline(),
            number=self.number,
            findings=finding_counts(self._phone.findings),
        )

    def refused(self, error: BotError) -> CallResult:
        """A call that failed by what the bot answered before there was a stream (P-60, P-61).

        Other scenarios are called all the same: instructions may depend on who calls.
        """
        check = Check(
            error.kind, error.kind, Verdict.FAILED, str(error), line=self.scenario.line_number
        )
        call = self.unfinished(Verdict.FAILED, error="", kind="")
        return replace(call, checks=(check,))

    def unfinished(self, verdict: Verdict, *, error: str, kind: str) -> CallResult:
        """What there is of a call that never came to its end; nothing of it is judged."""
        identity = self._identity
        timeline = Timeline(
            self._noticed, call_sid=identity.call_sid, stream_sid=identity.stream_sid
        )
        findings: Sequence[FindingTally] = ()
        if self._phone is not None:
            timeline, findings = self._phone.timeline(), self._phone.findings
        return CallResult(
            self.number,
            verdict,
            timeline,
            protocol=finding_counts(findings),
            error=error,
            error_kind=kind,
        )


def record(call: VirtualCall, event: Event) -> None:
    """Keep what happened beside the stream, and count what the network holds against the bot."""
    if isinstance(event, Finding):
        call.found(event)
    else:
        call.record_event(event)


def finding_counts(tallies: Sequence[FindingTally]) -> tuple[FindingCount, ...]:
    """The findings of a call as results show them."""
    return tuple(
        FindingCount(
            tally.code,
            tally.kind,
            tally.severity,
            tally.count,
            tally.first.message
            + (f" Message: {tally.first.excerpt}" if tally.first.excerpt else ""),
            tally.first.at_ms,
        )
        for tally in tallies
    )
