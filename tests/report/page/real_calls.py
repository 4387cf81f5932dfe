"""Calls with the demo bot's real mind on a clock that jumps, and the page that is made of them."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from pipecat_voice_test.demo.bot import settings_from
from pipecat_voice_test.demo.brain import Brain
from pipecat_voice_test.demo.mouth import Mouth
from pipecat_voice_test.measurement.judge import judge_call, judge_scenario
from pipecat_voice_test.measurement.results import (
    BotFacts,
    CallResult,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.one_call import finding_counts
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.write import ResultsFolder

from bench.jumping import jumping_phone
from bench.rig import scenario

MOST_S = 40

# The caller asks, interrupts the answer and asks something else.
INTERRUPTING = """
name: {name}
stop_on_failure: false
limits:
  stop_ms: {{each: 1000}}
turns:
  - name: greeting
    expect: [{{event: response, within_ms: 5000}}]
  - name: ask
    audio: audio/one_moment_please.wav
    user: "One moment, please."
    expect: [{{event: response, within_ms: 4000}}]
  - name: interrupt
    audio: audio/dont_know_who_sent_this.wav
    user: "I do not know who sent this."
    send_after: {{event: bot_started_speaking, delay_ms: 1500}}
    expect:
      - {{event: bot_interrupted, within_ms: 1000}}
      - {{event: response, within_ms: 4000}}
"""
# The caller asks once.
ASKING = """
name: {name}
turns:
  - expect: [{{event: response, within_ms: 5000}}]
  - audio: audio/one_moment_please.wav
    user: "One moment, please."
    expect: [{{event: response, within_ms: 2500}}]
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario, called once; `name` is YAML, quotes and all.

    Attributes:
        options: Of the demo bot, as on its command line.
        log: What it printed, by millisecond.
    """

    name: str
    text: str = ASKING
    options: Sequence[str] = ()
    log: Sequence[tuple[float, str]] = ()


def held(case: Case, folder: Path, times: int = 1) -> ScenarioResult:
    """One call, told so many times; `folder` gives the scenario's file its name."""
    read = scenario(case.text.format(name=case.name), folder)
    asked = replace(read, file=Path("tests/voice") / f"{folder.name}.yaml")
    asked = replace(asked, file=Path(folder.name, asked.file.name))  # Each has a file of its own.
    settings = settings_from([*case.options])
    mouth = Mouth(settings.portion_ms, None, slowness=settings.manners.slowness)
    brain = Brain(settings.manners, settings.voice, mouth)
    phone = jumping_phone(asked, brain, number=1, most_s=MOST_S)
    # Playwright has a loop running in the thread of the tests.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, phone.hold()).result()
    found = finding_counts(phone.findings)
    call = _with_log(judge_call(asked, phone.timeline(), number=1, findings=found), case)
    return judge_scenario(asked, [replace(call, number=number + 1) for number in range(times)])


def _with_log(call: CallResult, case: Case) -> CallResult:
    text = "".join(f"{line}\n" for _, line in case.log)
    logged = tuple((at_ms, number) for number, (at_ms, _) in enumerate(case.log, 1))
    return replace(call, bot_log=text, logged=logged)


def results(
    cases: Sequence[Case], folder: Path, audio: AudioBudget | None = None, *, times: int = 1
) -> tuple[Path, RunResult]:
    """Hold a call of each, write what a run writes, and say where its page is.

    Of each, `times` calls are told of, alike to the last sample.
    """
    made = [held(case, folder / f"scenario-{number}", times) for number, case in enumerate(cases)]
    bad = any(result.verdict is Verdict.FAILED for result in made)
    run = RunResult(
        verdict=Verdict.FAILED if bad else Verdict.PASSED,
        exit_code=int(bad),
        seed=0,
        started_at="2026-01-01T00:00:00Z",
        duration_ms=sum(r.calls[0].timeline.duration_ms for r in made),
        bot=BotFacts("command", "the demo bot"),
        scenarios=tuple(made),
    )
    written = ResultsFolder(folder / "results", working=folder)
    for result in made:
        for call in result.calls:
            written.write_call(written.slug(result.scenario), call)
    place = written.write_run(run)
    written.write_page(run, place, audio or AudioBudget())
    return written.path / "report.html", run
