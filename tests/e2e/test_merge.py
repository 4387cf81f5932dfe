"""Shards that called the bot on machines of their own, joined, against one run of all.

Once with calls on a clock that jumps, where every call comes out the same whoever makes it, so
that all reports can be compared; once in real time, as a user does it.
"""

import asyncio
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from again import until_judged
from click.testing import CliRunner
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.selection import Selection, selected
from pipecat_voice_test.cli import main
from pipecat_voice_test.demo.brain import Brain
from pipecat_voice_test.demo.clips import speaking_voice
from pipecat_voice_test.demo.faults import Manners
from pipecat_voice_test.demo.mouth import Mouth
from pipecat_voice_test.measurement.comparison.fingerprint import Fingerprint
from pipecat_voice_test.measurement.comparison.model import Measured, Settings
from pipecat_voice_test.measurement.comparison.of_run import measured
from pipecat_voice_test.measurement.judge import judge_call
from pipecat_voice_test.measurement.results import BotFacts, CallResult
from pipecat_voice_test.one_call import finding_counts
from pipecat_voice_test.outcome import Outcome
from pipecat_voice_test.prepare import prepare
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.scenario.load import load_paths
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker

from bench.jumping import jumping_phone
from e2e.harness import AUDIO, DEMO_BOT

ASKS = "  - audio: audio/one_moment_please.wav\n    expect: [{event: response}]\n"
LISTENS = "turns:\n  - expect: [{event: response, within_ms: 3000}]\n"
SCENARIOS = {
    "tests/voice/a.yaml": f"name: Question\n{LISTENS}{ASKS}",
    "tests/voice/b.yaml": f"name: Impatient\nlimits: {{greeting_ms: 10}}\n{LISTENS}{ASKS}",
    "tests/voice/c/c.yaml": "name: Greeting\n" + LISTENS,
    "tests/voice/c/d.yaml": "name: Persona\npersona: Jo\ngoal: a\nsuccess: b\n",
    "tests/voice/e.yaml": f"name: Of its own\nlimits: {{response_ms: {{median: 9000}}}}\n{LISTENS}"
    + ASKS,
    "tests/voice/f.yaml": f"name: Slow\n{LISTENS}{ASKS}    slow: true\n",
}
AROUND_MS = (-60.0, 30.0, 80.0)
SHARDS = 3
BOT = BotFacts("command", "the demo bot")
Judged = Mapping[str, tuple[Fingerprint | None, Sequence[CallResult]]]


# --- on a clock that jumps -----------------------------------------------------------------------


def project(folder: Path, files: Mapping[str, str]) -> Path:
    """A repository with scenarios in it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / ".git").mkdir()  # The root that `audio:` may not leave.
    (folder / "tests/voice/audio").mkdir()
    for clip in AUDIO.glob("*.wav"):
        (folder / "tests/voice/audio" / clip.name).write_bytes(clip.read_bytes())
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("repository"), SCENARIOS)


@pytest.fixture(scope="module")
def judged(home: Path) -> Judged:
    """What comes of the calls of each scenario, by name."""
    scenarios = [s for s in load_paths([Path("tests/voice")], cwd=home) if not s.skip_reason]
    ready = prepare(scenarios, seed=0, speaker=Speaker(None, SpeechCache(None)))
    return {one.scenario.name: (one.fingerprint, calls(one.scenario)) for one in ready}


def calls(scenario: Scenario) -> Sequence[CallResult]:
    """Several where their answers make the median of the whole run, else one that came so far."""
    several = AROUND_MS if scenario.name in ("Question", "Impatient") else AROUND_MS[:1]
    return [one_call(scenario, n, 1000 + more_ms) for n, more_ms in enumerate(several, 1)]


def one_call(scenario: Scenario, number: int, answer_after_ms: float) -> CallResult:
    brain = Brain(Manners(answer_after_ms=answer_after_ms), speaking_voice(), Mouth(20.0))
    phone = jumping_phone(scenario, brain, number=number, most_s=60)
    asyncio.run(phone.hold())
    found = finding_counts(phone.findings)
    return judge_call(scenario, phone.timeline(), number=number, findings=found, bot_log="hello\n")


def outcome_of(mine: Selection, judged: Judged, baseline: Measured | None = None) -> Outcome:
    """What a machine makes of its share."""
    settings = Settings(repeat=len(AROUND_MS))
    found = Outcome(mine.scenarios, 0, mine.shard, mine.part, settings, "jumping", baseline)
    for scenario in mine.scenarios:
        fingerprint, made = judged.get(scenario.name, (None, ()))
        if made:
            found.made_ready(scenario, fingerprint)
        for call in made:
            found.add(scenario, call)
    found.over = True
    return found


def leave(home: Path, output: str, judged: Judged, baseline: Measured, *shard: str) -> None:
    """What a machine leaves that is told its share."""
    mine = selected(Given({"shard": shard} if shard else {}, {}), [Path("tests")])
    results = ResultsFolder(Path(output), working=home)
    for scenario in mine.scenarios:
        for call in judged.get(scenario.name, (None, ()))[1]:
            results.write_call(results.slug(scenario), call)
    run = outcome_of(mine, judged, baseline).result(BOT)
    results.write_page(run, results.write_run(run), AudioBudget("failed"))


def test_shards_joined_are_one_run_apart_from_times(
    home: Path, judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    everything = selected(Given({}, {}), [Path("tests")])
    base = measured(outcome_of(everything, judged).result(BOT), "base.json")
    leave(home, "out", judged, base)
    for index in range(1, SHARDS + 1):
        leave(home, f"shards/{index}", judged, base, f"{index}/{SHARDS}")
    whole = {name: read(Path("out", name)) for name, read in APART_FROM_TIMES.items()}
    found = CliRunner().invoke(
        main, ["merge", "shards", "--output-dir", "out", "--report-audio", "failed"]
    )

    assert found.exit_code == 1, found.output
    # Not compared by pytest, which would show what differs in megabytes.
    differ = [n for n, read in APART_FROM_TIMES.items() if read(Path("out", n)) != whole[n]]
    assert differ == []
    document = json.loads(Path("out/results.json").read_text())
    assert [one["verdict"] for one in document["run_checks"]] == ["passed"]
    assert document["baseline"]["not_in_this_run"] == []


# What may differ, and nothing else: when the run began, and how long it took.


def results_apart_from_times(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    for key in ("started_at", "duration_ms", "digest"):
        assert document.pop(key) is not None
    return document


def junit_apart_from_times(path: Path) -> str:
    text, replaced = re.subn(r' timestamp="[^"]+"', "", path.read_text())
    assert replaced == 1
    return text


def ctrf_apart_from_times(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    del document["reportId"], document["timestamp"]  # Which are made of the rest.
    for key in ("start", "stop", "duration"):
        del document["results"]["summary"][key]
    for test in document["results"]["tests"]:
        for key in ("start", "stop"):
            test.pop(key, None)
    return document


def text_apart_from_times(path: Path) -> str:
    """`in 0.1 s`, and of the page `Started`, `Duration`, and a number that is made of the rest."""
    text = re.sub(r" in \d+\.\d s\b", "", path.read_text())
    text = re.sub(r"(<dt>(?:Started|Duration)</dt><dd>).*?</dd>", r"\1", text)
    return re.sub(r"nonce-[0-9a-f]{32}|nonce=\"[0-9a-f]{32}\"", "", text)


APART_FROM_TIMES: Mapping[str, Callable[[Path], Any]] = {
    "results.json": results_apart_from_times,
    "junit.xml": junit_apart_from_times,
    "ctrf.json": ctrf_apart_from_times,
    "summary.md": text_apart_from_times,
    "report.html": text_apart_from_times,
}


# --- in real time --------------------------------------------------------------------------------

# Who hangs up at the first sound may or may not have been greeted.
SHORT = (
    "turns:\n  - expect: [{{event: response, within_ms: {}}}]\n"
    "  - hangup: true\n    send_after: {{event: bot_started_speaking, delay_ms: 600}}\n"
)
REAL = {
    "tests/voice/a.yaml": "name: Greeting\n" + SHORT.format(4000),
    "tests/voice/b.yaml": "name: Late\n" + SHORT.format(100),
    "tests/voice/c.yaml": "name: Again\n" + SHORT.format(4000),
}


def what_came_out(output: Path) -> dict[str, Any]:
    """Everything but what was measured: no two calls are alike to the millisecond."""
    document: dict[str, Any] = json.loads((output / "results.json").read_text())
    junit = ET.parse(output / "junit.xml").getroot()
    page = (output / "report.html").read_text()
    return {
        "exit_code": document["exit_code"],
        "facts": [document[key] for key in ("schema", "measures", "tool", "seed", "settings")],
        "shard": (document["shard"], document["share"]),
        "bot": (document["bot"]["launcher"], document["bot"]["name"]),
        "errors": document["errors"],
        "run_checks": [(one["id"], one["verdict"]) for one in document["run_checks"]],
        "scenarios": [
            (one["name"], one["file"], one["verdict"], one["calls_run"])
            for one in document["scenarios"]
        ],
        "failed": [
            (check["id"], check["limit"], check["line"])
            for scenario in document["scenarios"]
            for call in scenario["calls"]
            for check in call["checks"]
            if check["verdict"] == "failed"
        ],
        "files": [call["files"] for one in document["scenarios"] for call in one["calls"]],
        "cases": [
            (case.get("classname"), case.get("name"), case.get("file"), [e.tag for e in case])
            for case in junit.iter("testcase")
        ],
        "calls on the page": re.findall(r'<article class="call[^>]*id="([^"]+)"', page),
    }


def was_disturbed(output: Path) -> bool:
    """Whether the machine was too slow for a call, which was then made again or left unjudged."""
    document = json.loads((output / "results.json").read_text())
    made = [call for scenario in document["scenarios"] for call in scenario["calls"]]
    return document["exit_code"] == 7 or any(call["verdict"] == "inconclusive" for call in made)


@pytest.mark.realtime
def test_real_shards_joined_are_a_real_run(tmp_path: Path) -> None:
    home = project(tmp_path / "repository", REAL)
    command = [sys.executable, "-m", "pipecat_voice_test"]

    def run(output: str, *options: str) -> subprocess.CompletedProcess[str]:
        words = ["run", "--bot-command", DEMO_BOT, "--workers", "2", "--output-dir", output]
        return until_judged(
            lambda: subprocess.run(
                [*command, *words, *options], cwd=home, capture_output=True, text=True, check=False
            ),
            lambda _: was_disturbed(home / output),
        )

    with ThreadPoolExecutor() as two:
        shards = [*two.map(lambda n: run(f"shards/{n}", "--shard", f"{n}/2"), (1, 2))]
    done = [run("whole"), *shards]
    assert sorted(one.returncode for one in done) == [0, 1, 1], "".join(d.stdout for d in done)
    whole = what_came_out(home / "whole")
    merged = subprocess.run(
        [*command, "merge", "shards", "--output-dir", "whole"],
        cwd=home, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (merged.returncode, merged.stderr) == (1, "")
    came_out = what_came_out(home / "whole")
    assert [(k, came_out[k], whole[k]) for k in whole if came_out[k] != whole[k]] == []
    for files in whole["files"]:
        for name in filter(None, files.values()):
            assert (home / "whole" / name).is_file()
