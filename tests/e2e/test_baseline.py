"""A bot that has become slower is found by its baseline, and one that has not is left alone.

Calls are played on a clock that jumps, with the demo bot's mind and mouth in this process, and
go through files as those of a run do. One run is held in real time, to see the option work.
"""

import asyncio
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from again import until_judged
from click.testing import CliRunner
from pipecat_voice_test.call.phone import PhoneCall
from pipecat_voice_test.cli import main
from pipecat_voice_test.demo.brain import Brain
from pipecat_voice_test.demo.clips import speaking_voice
from pipecat_voice_test.demo.faults import Manners
from pipecat_voice_test.demo.mouth import Mouth
from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.measurement.comparison.document import read_baseline
from pipecat_voice_test.measurement.comparison.model import Measured, Standing
from pipecat_voice_test.measurement.judge import judge_call
from pipecat_voice_test.measurement.results import BotFacts, CallResult, RunResult, Verdict
from pipecat_voice_test.one_call import Prepared, finding_counts
from pipecat_voice_test.outcome import Outcome
from pipecat_voice_test.prepare import prepare
from pipecat_voice_test.protocol.identity import call_identity
from pipecat_voice_test.protocol.twilio import TwilioWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.scenario.caller import ScriptedCaller
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker

from bench.jumping import JumpingBot
from bench.rig import scenario as read
from e2e.harness import DEMO_BOT

QUESTION = """
name: Question
turns:
  - expect: [{event: response, within_ms: 3000}]
  - audio: audio/one_moment_please.wav
    expect: [{event: response}]
"""
CHANGED = QUESTION.replace("one_moment_please", "dont_know_who_sent_this")
# No run has the same: end-of-turn models take their time.
AROUND_MS = (-60, 30, 0, 80, -40)
HEALTHY_MS, LATE_MS, A_LITTLE_LATE_MS = 700, 1200, 780


async def one_call(prepared: Prepared, number: int, answer_after_ms: float) -> CallResult:
    manners = Manners(answer_after_ms=answer_after_ms)
    bot = JumpingBot(Brain(manners, speaking_voice(), Mouth(20.0)))
    identity = call_identity(0, prepared.scenario.name, number)
    phone = PhoneCall(
        VirtualCall(TwilioWire(identity, {})),
        ScriptedCaller(prepared.scenario, prepared.clips, prepared.line),
        bot,
        bot,
        identity=identity,
    )
    await phone.hold()
    found = finding_counts(phone.findings)
    return judge_call(prepared.scenario, phone.timeline(), number=number, findings=found)


def held(
    folder: Path, answer_after_ms: float, text: str = QUESTION, baseline: Measured | None = None
) -> RunResult:
    """A run of five calls, and its results in `folder`."""
    (prepared,) = prepare([read(text, folder)], seed=0, speaker=Speaker(None, SpeechCache(None)))
    outcome = Outcome([prepared.scenario], 0, runner="jumping", baseline=baseline)
    outcome.made_ready(prepared.scenario, prepared.fingerprint)
    for number, more_ms in enumerate(AROUND_MS, 1):
        call = asyncio.run(one_call(prepared, number, answer_after_ms + more_ms))
        outcome.add(prepared.scenario, call)
    outcome.over = True
    result = outcome.result(BotFacts("command", "the demo bot"))
    ResultsFolder(folder / "results", working=folder).write_run(result)
    return result


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files of results by what the bot was like."""
    folder = tmp_path_factory.mktemp("runs")
    held(folder / "healthy", HEALTHY_MS)
    held(folder / "again", HEALTHY_MS + 7)
    held(folder / "late", LATE_MS)
    held(folder / "a-little-late", A_LITTLE_LATE_MS)
    held(folder / "changed", LATE_MS, CHANGED)
    return {one.name: str(one / "results" / "results.json") for one in folder.iterdir()}


@pytest.mark.parametrize(
    ("new", "code"),
    [
        pytest.param("healthy", ExitCode.PASSED, id="the-same-file"),
        pytest.param("again", ExitCode.PASSED, id="the-same-bot"),
        pytest.param("a-little-late", ExitCode.PASSED, id="80-ms-later"),
        pytest.param("late", ExitCode.FAILED, id="500-ms-later"),
        pytest.param("changed", ExitCode.INCONCLUSIVE, id="another-question"),
    ],
)
def test_compare_finds_a_bot_that_answers_later(
    new: str, code: ExitCode, runs: dict[str, str]
) -> None:
    result = CliRunner().invoke(main, ["compare", runs["healthy"], runs[new]])

    assert result.exit_code == code, result.output


def test_a_run_against_its_baseline_fails_everywhere_alike(
    runs: dict[str, str], tmp_path: Path
) -> None:
    base = read_baseline(Path(runs["healthy"]).read_bytes(), "base.json")

    result = held(tmp_path, LATE_MS, baseline=base)

    assert (result.verdict, result.exit_code) == (Verdict.FAILED, ExitCode.FAILED)
    worse = [c for c in result.scenarios[0].comparisons if c.standing is Standing.REGRESSION]
    (regression,) = worse
    assert regression.metric == "response_ms"
    assert regression.difference == pytest.approx(LATE_MS - HEALTHY_MS, abs=20)
    junit = ET.parse(tmp_path / "results" / "junit.xml")
    assert [failure.get("type") for failure in junit.iter("failure")] == ["response_ms"]
    for report in ("junit.xml", "summary.md"):
        text = (tmp_path / "results" / report).read_text()
        assert "ms slower (95 % interval" in text, report


def test_the_same_bot_against_its_baseline_passes(runs: dict[str, str], tmp_path: Path) -> None:
    base = read_baseline(Path(runs["healthy"]).read_bytes(), "base.json")

    result = held(tmp_path, HEALTHY_MS + 7, baseline=base)

    assert (result.verdict, result.exit_code) == (Verdict.PASSED, ExitCode.PASSED)
    compared = [check for check in result.scenarios[0].checks if check.id.startswith("baseline")]
    assert {check.verdict for check in compared} == {Verdict.PASSED}


@pytest.mark.realtime
def test_a_real_run_can_be_compared_with_its_own_results(tmp_path: Path) -> None:
    """One call is too few for a verdict (M-34), or had no CPU to itself; either is said."""
    (tmp_path / "a.yaml").write_text(
        "name: Greeting\nturns:\n  - expect: [{event: response, within_ms: 4000}]\n"
    )
    command = [
        sys.executable, "-m", "pipecat_voice_test", "run", "a.yaml", "--bot-command", DEMO_BOT,
        "--output-dir",
    ]  # fmt: skip

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return until_judged(
            lambda: subprocess.run(
                [*command, *more], cwd=tmp_path, capture_output=True, text=True, check=False
            ),
            lambda done: done.returncode == ExitCode.INCONCLUSIVE,
        )

    first = run("base")
    assert first.returncode == ExitCode.PASSED, first.stdout + first.stderr

    second = run("new", "--baseline", "base/results.json")

    assert second.returncode == ExitCode.PASSED, second.stdout + second.stderr
    assert "compared with base/results.json" in second.stdout
    assert "so nothing is known of regressions" in second.stdout
    document = json.loads((tmp_path / "new" / "results.json").read_text())
    (scenario,) = document["scenarios"]
    assert {one["standing"] for one in scenario["comparisons"]} <= {"too_few", "not_comparable"}
    assert scenario["comparisons"]
    assert scenario["fingerprint"]["line"]["level_dbov"] == -26
    assert document["runner"]
