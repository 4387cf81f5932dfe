"""One call of the control bot, measured as any other: does what comes out agree with what is known?

The caller speaks into the bot's tone for a moment and hangs up when it has answered; less than a
second from dialling to hanging up.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipecat_voice_test.audio.codec import SAMPLES_PER_MS, Pcm
from pipecat_voice_test.audio.line import line_sound
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.doors.direct import DirectDoor
from pipecat_voice_test.measurement.facts import call_facts
from pipecat_voice_test.measurement.fitness import why_void
from pipecat_voice_test.measurement.results import Control
from pipecat_voice_test.measurement.wording import number
from pipecat_voice_test.one_call import OneCall, Prepared
from pipecat_voice_test.scenario.limits import Limits
from pipecat_voice_test.scenario.model import (
    DEFAULT_LINE_NOISE_DBOV,
    CallSetup,
    Scenario,
    SendAfter,
    Turn,
    TurnKind,
)
from pipecat_voice_test.timeline import Timeline

BOT = Path(__file__).with_name("bot.py")
# What `bot.py` does, said once more: what measures it takes nothing from it.
STOP_MS = 200.0
RESPONSE_MS = 300.0
OFF_BY_MS = 20.0  # METRICS 7

_SPEAKS_AFTER_MS = 40
_SPEAKS_FOR_MS = 140
_QUIET_MS = 20
_HANGS_UP_AFTER_MS = 400
_TONE_HZ = 1000.0
_TONE_PEAK = 8000.0


@dataclass(frozen=True, slots=True)
class _Clip:
    pcm: Pcm
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """How one call of the control bot came out; `wrong` says why it will not do, or is empty."""

    control: Control
    wrong: str = ""


async def call_control(heartbeat: Heartbeat) -> Tried:
    """Start a control bot, call it once, and end it."""
    call = OneCall(_prepared(), 1, seed=0, clock=SystemClock(), heartbeat=heartbeat)
    try:
        with _control_bot() as url:
            await call.hold(DirectDoor(url))
    except Exception as error:  # Whatever it is, nothing was measured.
        return Tried(Control(), f"the control bot could not be called: {error!r}")
    timeline = call.timeline()
    return judged(measured(timeline), timeline)


def measured(timeline: Timeline) -> Control:
    """By how much the control bot's times were missed."""
    facts = call_facts(_SCENARIO, timeline)
    said, bursts = facts.turns[0].said, facts.hearing.bursts
    if said is None or len(bursts) != 2:
        return Control()
    tone, answer = bursts
    return Control(
        response_error_ms=answer.start_ms - said.end_ms - RESPONSE_MS,
        stop_error_ms=tone.end_ms - said.onset_ms - STOP_MS,
    )


def judged(control: Control, timeline: Timeline) -> Tried:
    """Whether it will do; METRICS 7."""
    wrong = _wrong(control)
    void = why_void(timeline.rig).partition("\n")[0]
    return Tried(control, f"{wrong}; {void}" if wrong and void else wrong)


def _wrong(control: Control) -> str:
    for name, error_ms in (
        ("stop", control.stop_error_ms),
        ("answer", control.response_error_ms),
    ):
        if error_ms is None:
            return f"the control bot's {name} was not heard"
        if abs(error_ms) > OFF_BY_MS:
            shown = number(abs(error_ms), beside=OFF_BY_MS)
            side = "late" if error_ms > 0 else "early"
            return (
                f"the control bot's {name} was measured {shown} ms too {side}, "
                f"limit {OFF_BY_MS:.0f}"
            )
    return ""


@contextmanager
def _control_bot() -> Iterator[str]:
    """Start one in a process of its own; gives its address, which can be dialled at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        # Isolated, it neither reads the user's settings nor runs what they put on Python's path;
        # in a session of its own, it is not interrupted from the keyboard.
        command = [sys.executable, "-I", "-S", str(BOT), str(server.fileno())]
        with subprocess.Popen(
            command,
            pass_fds=[server.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                yield f"ws://127.0.0.1:{server.getsockname()[1]}/"
            finally:
                process.kill()


def _prepared() -> Prepared:
    samples = np.arange(_SPEAKS_FOR_MS * SAMPLES_PER_MS)
    tone = _TONE_PEAK * np.sin(2 * np.pi * _TONE_HZ / (1000 * SAMPLES_PER_MS) * samples)
    pcm = np.pad(tone.round().astype(np.int16), _QUIET_MS * SAMPLES_PER_MS)
    clip = _Clip(pcm, clip_spans(pcm))
    return Prepared(_SCENARIO, {0: clip}, line_sound(0, DEFAULT_LINE_NOISE_DBOV))


_SCENARIO = Scenario(
    name="control",
    file=Path("control"),
    line_number=1,
    turns=(
        Turn(
            0,
            1,
            TurnKind.BARGE_IN,
            send_after=SendAfter(None, _SPEAKS_AFTER_MS),
        ),
        Turn(1, 1, TurnKind.HANGUP, send_after=SendAfter(None, _HANGS_UP_AFTER_MS)),
    ),
    call=CallSetup(max_call_s=5),
    limits=Limits({}),
    detector="level",
)
