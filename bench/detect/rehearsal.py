"""A case without a process and without waiting: the demo bot's mind on a clock that jumps.

It plays the same scenario and is judged in the same way, so a fault that is missed here is
missed on the line too. Faults of the wire and of the process do not exist here.
"""

import asyncio
import tempfile
from pathlib import Path

from pipecat_voice_test.demo.background import Background
from pipecat_voice_test.demo.bot import settings_from
from pipecat_voice_test.demo.brain import Brain
from pipecat_voice_test.demo.mouth import Mouth
from pipecat_voice_test.measurement.judge import judge_call
from pipecat_voice_test.measurement.results import CallResult
from pipecat_voice_test.one_call import finding_counts

from bench.detect.calling import MAX_CALL_S, scenario_of
from bench.detect.case import Case
from bench.jumping import jumping_phone

# What they do is not in the bot's mind but on its line, or in its process.
ONLY_ON_THE_LINE = frozenset(
    {
        "foreign-stream-sid", "crosses-calls", "keeps-socket", "reset", "crash", "dies-in-call",
        "never-reads", "malformed", "huge-message",
    }
)  # fmt: skip


def can_rehearse(case: Case) -> bool:
    """Whether the case's bot behaves here as it does on the line."""
    return case.bot == "demo" and case.fault.partition("=")[0] not in ONLY_ON_THE_LINE


def rehearse(case: Case, number: int = 1) -> CallResult:
    """One call of a case."""
    with tempfile.TemporaryDirectory(prefix="detect-") as folder:
        scenario = scenario_of(case.scenario, case.name, Path(folder).resolve() / "a")
        phone = jumping_phone(scenario, _brain(case), number=number, most_s=MAX_CALL_S)
    asyncio.run(phone.hold())
    findings = finding_counts(phone.findings)
    return judge_call(scenario, phone.timeline(), number=number, findings=findings)


def _brain(case: Case) -> Brain:
    options = [*case.options.split(), *(["--fault", case.fault] if case.fault else [])]
    settings = settings_from(options)
    behind = None if settings.background is None else Background(settings.background)
    mouth = Mouth(settings.portion_ms, behind, slowness=settings.manners.slowness)
    return Brain(settings.manners, settings.voice, mouth)
