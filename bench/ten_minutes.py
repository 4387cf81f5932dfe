"""`python -m bench.ten_minutes FOLDER [--real-time]`: one call of ten minutes, and its memory.

Prints one JSON object. On the jumping clock the bot's share is in the figure too.
"""

import asyncio
import json
import resource
import sys
from dataclasses import replace
from pathlib import Path

import pipecat_voice_test.command.session  # noqa: F401  # All that the command loads counts.
from pipecat_voice_test.demo.brain import Brain
from pipecat_voice_test.demo.clips import speaking_voice
from pipecat_voice_test.demo.faults import Manners
from pipecat_voice_test.demo.mouth import Mouth
from pipecat_voice_test.measurement.judge import judge_call, judge_scenario
from pipecat_voice_test.measurement.results import BotFacts, CallResult, RunResult
from pipecat_voice_test.one_call import finding_counts
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.timeline import MessageReceived

from bench.jumping import jumping_phone
from bench.rig import conversation, demo_bot, run_calls, scenario

LENGTH_S = 600
REPLY_MS = 20_000
# Half of the replies are interrupted, late: the bot speaks for four fifths of the call.
INTERRUPTED_AFTER_MS = 12_000


def peak_mb() -> float:
    """The most memory this process has held so far.

    Not `ru_maxrss` if there is a choice: on Linux a process inherits it from its parent.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        kilo = 1024 if sys.platform == "darwin" else 1
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / kilo / 1024
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def talk(folder: Path) -> Scenario:
    """A conversation that is longer than the call may last."""
    return scenario(
        conversation(LENGTH_S // 30, interrupt_after_ms=INTERRUPTED_AFTER_MS, max_call_s=LENGTH_S),
        folder,
    )


async def jumping_call(scenario: Scenario, ended: list[CallResult]) -> None:
    """Hold the call with the demo bot's mind, ear and mouth in this process.

    `ended` gets the result; see `run_calls` for why it is not returned.
    """
    speaks = speaking_voice()
    voice = replace(speaks, replies=tuple(c.lasting(REPLY_MS) for c in speaks.replies))
    brain = Brain(Manners(), voice, Mouth(20.0))
    phone = jumping_phone(scenario, brain, number=1, most_s=LENGTH_S)
    await phone.hold()
    timeline = phone.timeline()
    peaks["call_mb"] = peak_mb()
    found = finding_counts(phone.findings)
    ended.append(judge_call(scenario, timeline, number=1, findings=found))


def hold_jumping(scenario: Scenario, results: Path) -> None:
    """What `run` does with a call: hold it, judge it, write it down, and let its contents go."""
    ended: list[CallResult] = []
    asyncio.run(jumping_call(scenario, ended))
    folder = ResultsFolder(results, working=results.parent)
    folder.write_call(folder.slug(scenario), ended[0])
    look(ended[0])
    call = ended.pop()
    call = replace(call, timeline=call.timeline.without_contents())
    judged = judge_scenario(scenario, [call])
    bot = BotFacts("command", "the demo bot")
    run = RunResult(judged.verdict, 0, 0, "", 0.0, bot, scenarios=(judged,))
    place = folder.write_run(run)
    folder.write_page(run, place, AudioBudget("all"))


def hold_in_real_time(scenario: Scenario, results: Path) -> None:
    """The whole `run`, against a demo bot in another process."""
    with demo_bot("--reply-ms", f"{REPLY_MS}") as bot:
        run_calls([scenario], bot.url, results, workers=1, look=look)


def look(call: CallResult) -> None:
    """Write down what is to be said of a call, before its contents go."""
    seen["call_s"] = call.timeline.duration_ms / 1000
    seen["bot_messages"] = sum(1 for _ in call.timeline.of(MessageReceived))


def main() -> None:
    folder = Path(sys.argv[1])
    scenario = talk(folder)
    peaks["before_mb"] = peak_mb()
    hold = hold_in_real_time if "--real-time" in sys.argv else hold_jumping
    hold(scenario, folder / "results")
    facts = {
        **peaks,
        **seen,
        "peak_mb": peak_mb(),
        "events_kb": sum(p.stat().st_size for p in folder.rglob("events.jsonl")) / 1024,
    }
    sys.stdout.write(json.dumps(facts))


peaks: dict[str, float] = {}
seen: dict[str, float] = {}

if __name__ == "__main__":
    main()
