"""A hundred calls to report, without phoning: a few, held on the jumping clock, many times over.

They are kept on disk, to be taken one at a time: in a run, too, the sound and the events of a
call are gone from memory when the next one ends.
"""

import asyncio
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipecat_voice_test.bot.log import Printed
from pipecat_voice_test.demo.brain import Brain
from pipecat_voice_test.demo.clips import speaking_voice
from pipecat_voice_test.demo.faults import Faults, Manners
from pipecat_voice_test.demo.mouth import Mouth
from pipecat_voice_test.measurement.judge import judge_call
from pipecat_voice_test.measurement.results import CallResult
from pipecat_voice_test.one_call import finding_counts
from pipecat_voice_test.run import with_log
from pipecat_voice_test.scenario.model import Scenario

from bench.jumping import jumping_phone
from bench.rig import conversation, scenario

HELD = 10  # Different ones; the last two are of bots with a fault.
FAULTS = ("late-answer=4500", "slow-yield=2500")
EXCHANGES = 2  # Half a minute.
SCENARIOS, REPEAT = 20, 5
_MOST_S = 60
# As Pipecat's own logger prints, at its default level, when somebody speaks.
_LOG_EVERY_MS = 100
_LOG_LINE = (
    "\x1b[32m2026-01-01 00:00:{at_s:06.3f}\x1b[0m | \x1b[34m\x1b[1mDEBUG   \x1b[0m | "
    "\x1b[36mpipecat.transports.base_output\x1b[0m:\x1b[36m_bot_started_speaking\x1b[0m:"
    "\x1b[36m{line}\x1b[0m - \x1b[34m\x1b[1mBot started speaking\x1b[0m\n"
)


@dataclass(frozen=True, slots=True)
class Held:
    """One call, and the scenario it played."""

    scenario: Scenario
    call: CallResult


def hold_all(folder: Path) -> None:
    """Hold the calls and keep them in `folder`."""
    for number in range(HELD):
        fault = FAULTS[number - HELD] if number >= HELD - len(FAULTS) else None
        one = _hold(folder / f"of-{number}", number, fault)
        (folder / f"{number}").write_bytes(pickle.dumps(one))


def held(folder: Path, scenarios: Sequence[int], repeat: int = REPEAT) -> Iterator[Held]:
    """The calls of some of the `SCENARIOS`, in the order in which a run makes them."""
    for attempt in range(1, repeat + 1):
        for number in scenarios:
            one: Held = pickle.loads((folder / f"{number % HELD}").read_bytes())
            yield Held(
                replace(one.scenario, name=f"Conversation {number + 1}"),
                replace(one.call, number=attempt),
            )


def _hold(folder: Path, number: int, fault: str | None) -> Held:
    talk = scenario(conversation(EXCHANGES, number=number), folder)
    manners = Faults([fault] if fault else []).applied_to(Manners())
    ended: list[CallResult] = []
    asyncio.run(_call(talk, manners, ended))
    (call,) = ended
    return Held(talk, with_log(call, _log(call)))


async def _call(talk: Scenario, manners: Manners, ended: list[CallResult]) -> None:
    """With the demo bot's mind, ear and mouth in this process; see `run_calls` for `ended`."""
    brain = Brain(manners, speaking_voice(), Mouth(20.0))
    phone = jumping_phone(talk, brain, number=1, most_s=_MOST_S)
    await phone.hold()
    findings = finding_counts(phone.findings)
    ended.append(judge_call(talk, phone.timeline(), number=1, findings=findings))


def _log(call: CallResult) -> Printed:
    """What a chatty bot prints meanwhile."""
    zero_ns = call.timeline.t0_monotonic_ns
    times_ms = range(0, round(call.timeline.duration_ms), _LOG_EVERY_MS)
    return Printed(
        tuple(
            (
                zero_ns + at_ms * 1_000_000,
                _LOG_LINE.format(at_s=at_ms / 1000 % 60, line=at_ms % 997).encode(),
            )
            for at_ms in times_ms
        )
    )
