"""Can this machine send a frame every 20 ms? Three seconds of a call with nobody at the other end.

The loop, the clock and the figures are those of real calls, so what voids a call here would void
one there (P-22, METRICS 7). Like a real call a void one is held once more: one hiccup does not
make a machine unfit.
"""

import asyncio
import statistics
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from pipecat_voice_test.audio.codec import ULAW_SILENCE_FRAME
from pipecat_voice_test.call import machine
from pipecat_voice_test.call.clock import Bell, SystemClock
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.call.loop import punctual_loop
from pipecat_voice_test.call.phone import PhoneCall
from pipecat_voice_test.call.reading import Reading
from pipecat_voice_test.call.socket import Arrival, Closed
from pipecat_voice_test.checkup.finding import Finding, Mark, note, ok
from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.measurement.fitness import LATE_MAX_MS, LATE_P99_MS, STOLEN, why_void
from pipecat_voice_test.protocol.identity import call_identity
from pipecat_voice_test.protocol.twilio import TwilioWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.timeline import CallerFrame, Event, Heard, Rig

MEASURED_MS = 3000
_NORMAL_CLOSE = 1000


@dataclass(frozen=True, slots=True)
class Pace:
    """How a call went."""

    late_p50_ms: float
    rig: Rig

    @property
    def is_void(self) -> bool:
        """Whether such a call says nothing about a bot."""
        return bool(why_void(self.rig))


def measured(for_ms: int = MEASURED_MS) -> Pace:
    """Hold a call with nobody, in real time."""
    with asyncio.Runner(loop_factory=partial(punctual_loop, 1)) as runner:
        late_ms, rig = runner.run(_call(for_ms))
    return Pace(statistics.median(late_ms), rig)


def pace(undisturbed: AbstractContextManager[None]) -> Iterator[Finding]:
    """Measure and judge; `undisturbed` is how the interpreter is kept during calls."""
    with undisturbed:
        found = measured()
        if found.is_void:
            found = measured()
    yield judged(found)
    if found.rig.stolen is not None and found.rig.stolen > STOLEN:
        yield note(
            "CPU time",
            f"{found.rig.stolen:.0%} of it was taken by the host or by a quota",
            "take a machine that is not shared, or raise the job's CPU limit.",
        )


def judged(found: Pace) -> Finding:
    """What a pace says about this machine."""
    rig = found.rig
    figures = (
        f"frames are late by {found.late_p50_ms:.1f} ms (median), {rig.late_p99_ms:.1f} ms (p99), "
        f"{rig.late_max_ms:.1f} ms (worst)"
    )
    limits = f"limits {LATE_P99_MS:.0f} (p99), {LATE_MAX_MS:.0f} (worst)"
    if not found.is_void:
        return ok("time", f"{figures}; {limits}")
    return Finding(
        Mark.MISS,
        "time",
        f"this machine cannot keep time: {figures}, stalls up to {rig.loop_stall_ms:.0f} ms; "
        f"{limits}",
        "end what else runs here, give the job more CPU, or take a machine that is not shared;\n"
        "until then calls end as inconclusive.",
        code=ExitCode.INCONCLUSIVE,
    )


def processors() -> Iterator[Finding]:
    """CPUs, what a quota leaves of them, and who else wants them."""
    count, quota = machine.cpus(), machine.quota_cpus()
    usable = count if quota is None else min(float(count), quota)
    load = machine.load()
    shown = f"{count} CPU{'s' * (count != 1)}"
    shown += "" if quota is None else f", a quota of {quota:g}"
    shown += "" if load is None else f", load {load:.1f}"
    if usable < 2:
        fix = "give the job two CPUs; until then keep to `--workers 1`."
        yield note("CPUs", f"{shown}: the bot and its caller share one", fix)
    elif load is not None and load > usable:
        fix = "wait for what else runs here, or end it."
        yield note("CPUs", f"{shown}: more wants to run than can", fix)
    else:
        yield ok("CPUs", shown)
    name, good = machine.clock_source()
    if not good:
        fix = "start the kernel with another `clocksource=`, such as tsc."
        yield note("clock", f"{name} is slow or coarse", fix)
    elif name:
        yield ok("clock", name)


async def _call(for_ms: int) -> tuple[Sequence[float], Rig]:
    clock, heartbeat = SystemClock(), Heartbeat()
    identity = call_identity(0, "checkup", 1)
    wire, caller = TwilioWire(identity, {}), _Silent(for_ms)
    call = VirtualCall(wire)
    phone = PhoneCall(call, caller, _Nobody(clock), clock, identity=identity, heartbeat=heartbeat)
    heartbeat.start()
    try:
        await phone.hold()
    finally:
        heartbeat.stop()
    timeline = phone.timeline()
    return timeline.late_ms, timeline.rig


class _Silent:
    """A caller who holds the phone and hangs up."""

    def __init__(self, for_ms: int) -> None:
        self.events: Sequence[Event] = ()
        self._for_ms = for_ms

    def next_frame(self, at_ms: int, heard: Heard) -> CallerFrame | None:
        return CallerFrame(ULAW_SILENCE_FRAME) if at_ms < self._for_ms else None


class _Nobody:
    """A socket without another end: what is sent is gone, and nothing comes but the goodbye."""

    def __init__(self, clock: SystemClock) -> None:
        self.bell = Bell()
        self.reading = Reading()
        self._clock = clock
        self._arrivals: list[Arrival] = []

    def received(self) -> list[Arrival]:
        arrivals, self._arrivals = self._arrivals, []
        return arrivals

    def send(self, data: str | bytes) -> None:
        """It costs what writing it costs."""

    def close(self) -> None:
        self._arrivals.append(Closed(self._clock.now_ms(), _NORMAL_CLOSE))
        self.bell.ring()

    def abort(self) -> None: ...

    def unsent_bytes(self) -> int:
        return 0
