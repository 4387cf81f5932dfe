"""Runs to render: small, whole and hostile ones."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pipecat_voice_test.measurement.results import (
    BotFacts,
    CallResult,
    Check,
    FindingCount,
    RunError,
    RunResult,
    ScenarioResult,
    TurnFacts,
    Verdict,
)
from pipecat_voice_test.report.files import CallFiles, Place
from pipecat_voice_test.scenario.model import Scenario, TurnKind
from pipecat_voice_test.scenario.shard import Shard
from pipecat_voice_test.timeline import EndedBy, EndedHow, Rig, Severity, Timeline

VERSION = "1.2.3"
WORKING = PurePosixPath("/home/ci/shop")
OUTPUT = WORKING / "voice-test-results"

PROMPT = Check(
    id="turns[0].expect[0]",
    metric="response_ms",
    verdict=Verdict.PASSED,
    message="response was 812 ms, limit 4000",
    value=812.4,
    limit=4000,
    turn=0,
    line=9,
    at_ms=812.4,
)
LATE = Check(
    id="turns[2].expect[0]",
    metric="response_ms",
    verdict=Verdict.FAILED,
    message="response was 2210 ms, limit 1500",
    value=2210.1,
    limit=1500,
    turn=2,
    line=21,
    at_ms=12_340.4,
)
DEAF = Check(
    id="limits.no_yield.each.turns[2]",
    metric="no_yield",
    verdict=Verdict.FAILED,
    message="the bot did not yield to an interruption",
    value=1,
    limit=0,
    turn=2,
    line=19,
    at_ms=10_100,
)
MEDIAN = Check(
    id="limits.response_ms.median",
    metric="response_ms",
    verdict=Verdict.FAILED,
    message="response was 1700 ms, limit 1500 (median of 8)",
    value=1700.2,
    limit=1500,
)

TOO_FEW = Check(
    id="limits.response_ms.p95",
    metric="response_ms",
    verdict=Verdict.SKIPPED,
    message="too few for p95: 20 of 59 values of response, median 895 ms, worst 990 ms; "
    "needs `--repeat 15`",
    limit=1500,
    line=7,
)


def scenario(name: str = "Opening hours", file: str = "tests/voice/hours.yaml") -> Scenario:
    return Scenario(name=name, file=Path(file), line_number=3, turns=())


def call(
    number: int = 1,
    verdict: Verdict = Verdict.PASSED,
    *,
    checks: tuple[Check, ...] = (PROMPT,),
    metrics: Mapping[str, tuple[float, ...]] | None = None,
    timeline: Timeline | None = None,
    error: str = "",
    error_kind: str = "",
    bot_log: str = "",
    replaced: bool = False,
) -> CallResult:
    return CallResult(
        number=number,
        verdict=verdict,
        timeline=timeline
        or Timeline(duration_ms=4000.4, ended_how=EndedHow.SCRIPT, close_code=1000),
        checks=checks,
        metrics={"response_ms": (812.4,)} if metrics is None else metrics,
        error=error,
        error_kind=error_kind,
        bot_log=bot_log,
        replaced=replaced,
    )


def result(
    verdict: Verdict = Verdict.PASSED,
    *calls: CallResult,
    name: str = "Opening hours",
    file: str = "tests/voice/hours.yaml",
    checks: tuple[Check, ...] = (),
    reason: str = "",
) -> ScenarioResult:
    return ScenarioResult(scenario(name, file), verdict, calls, checks, reason)


def run(
    *scenarios: ScenarioResult,
    verdict: Verdict = Verdict.PASSED,
    exit_code: int = 0,
    run_checks: tuple[Check, ...] = (),
    errors: tuple[RunError, ...] = (),
    bot_name: str = "shop/bot:ci",
) -> RunResult:
    return RunResult(
        verdict=verdict,
        exit_code=exit_code,
        seed=7,
        started_at="2026-01-01T00:00:00Z",
        duration_ms=41_234.5,
        bot=BotFacts("image", bot_name, 812.3),
        scenarios=scenarios,
        run_checks=run_checks,
        errors=errors,
    )


def place_of(run: RunResult) -> Place:
    """Every call of a run has written its files."""
    return Place(
        WORKING,
        OUTPUT,
        {
            (index, position): files(f"s{index}/call-{position + 1}")
            for index, scenario in enumerate(run.scenarios)
            for position in range(len(scenario.calls))
        },
    )


def files(folder: str) -> CallFiles:
    return CallFiles(
        recording=f"{folder}/call.wav",
        bot_raw=f"{folder}/bot_raw.wav",
        events=f"{folder}/events.jsonl",
        log=f"{folder}/bot.log",
    )


FAILED_CALL = replace(
    call(
        verdict=Verdict.FAILED,
        checks=(PROMPT, LATE, DEAF),
        metrics={"response_ms": (812.4, 2210.1), "stop_ms": (420.0,), "no_yield": (1.0,)},
        timeline=Timeline(
            duration_ms=15_000.4,
            ended_by=EndedBy.BOT,
            ended_how=EndedHow.SOCKET,
            close_code=1011,
            t0_monotonic_ns=123_456_789,
            rig=Rig(
                late_p99_ms=1.26,
                late_max_ms=4.04,
                loop_stall_ms=2.5,
                frames_sent=750,
                read_lag_ms=12.34,
                stolen=0.01234,
                starved=0.0,
                control_error_ms=1.44,
            ),
        ),
        bot_log="INFO: ready\n\x1b[31mERROR: overheated\x1b[0m\n",
    ),
    turns=(
        TurnFacts(0, 9, TurnKind.LISTEN, heard=((812.4, 2400.6),), response_ms=812.4),
        TurnFacts(
            2,
            19,
            TurnKind.BARGE_IN,
            said=(10_100.2, 11_400.5),
            heard=((9000.0, 10_520.0), (13_610.6, 14_900.0)),
            response_ms=2210.1,
            stop_ms=420.0,
            clear_ms=400.6,
        ),
    ),
    protocol=(FindingCount(31951, "invalid_message", Severity.WARNING, 2, "{not json", 100.0),),
    notes=("the caller spoke anyway after 30 s",),
)

ONE_OF_EACH = run(
    result(Verdict.PASSED, call(), name="prompt bot"),
    result(Verdict.FAILED, FAILED_CALL, name="late bot", file="tests/voice/barge/late.yaml"),
    result(
        Verdict.FLAKY,
        call(1),
        call(2, Verdict.FAILED, checks=(LATE,), metrics={"response_ms": (2210.1,)}),
        call(3),
        name="moody bot",
        checks=(MEDIAN,),
    ),
    result(
        Verdict.ERROR,
        call(
            verdict=Verdict.ERROR,
            checks=(),
            metrics={},
            error="shop/bot:ci ended during the call with exit code 137.\n"
            "  Fix: give it more memory with `--bot-memory`.",
            error_kind="bot_exited",
        ),
        name="crashed bot",
    ),
    result(
        Verdict.INCONCLUSIVE,
        call(1, Verdict.INCONCLUSIVE, checks=(), replaced=True),
        call(2, Verdict.INCONCLUSIVE, checks=()),
        name="busy machine",
        reason="frames were up to 180 ms late, limit 100",
    ),
    result(Verdict.SKIPPED, name="persona", reason="a persona cannot be played on a phone line"),
    result(Verdict.NOT_RUN, name="too late", reason="`--max-time` of 1800 s was used up"),
    verdict=Verdict.FAILED,
    exit_code=1,
    run_checks=(MEDIAN,),
)

# `passed: {at_least: 4}`.
FORGIVEN = result(
    Verdict.PASSED,
    *(call(number) for number in (1, 2, 3, 4)),
    call(5, Verdict.FAILED, checks=(LATE,), metrics={"response_ms": (2210.1,)}),
)

NEVER_STARTED = run(
    verdict=Verdict.ERROR,
    exit_code=6,
    errors=(
        RunError(
            "bot_not_ready",
            "shop/bot:ci did not listen on port 7860 within 60000 ms.\n"
            "  Fix: bind the server to 0.0.0.0 (not localhost).",
            "INFO: Uvicorn running on http://127.0.0.1:7860\n",
        ),
    ),
)

HOSTILE = (
    "\x00\x1b[2J\x1b]0;title\x07 ]]> <b>&amp; | `x` \udc80 \ufffe שלום \u202e "
    "[[ATTACHMENT|/etc/pwd]]\r\n"
    "::error::boo\n##vso[task.complete]\n##[error]x\n\x9b31m [[PROPERTY|a=b]] @someone *bold*"
)

HOSTILE_RUN = run(
    result(
        Verdict.FAILED,
        call(
            1,
            Verdict.FAILED,
            checks=(replace(LATE, message=HOSTILE),),
            bot_log=HOSTILE * 50 + "\n" + "x" * 1_000_000,
        ),
        name=HOSTILE,
    ),
    result(Verdict.ERROR, call(verdict=Verdict.ERROR, error=HOSTILE), name="n" * 1_000_000),
    result(Verdict.SKIPPED, name="", reason=HOSTILE),
    verdict=Verdict.FAILED,
    exit_code=1,
    run_checks=(replace(MEDIAN, message=HOSTILE, value=float("nan")),),
    errors=(RunError(HOSTILE, HOSTILE + "!", HOSTILE),),
    bot_name=f"wss://user:hunter2@bot.example.test/ws?token=s3cret{HOSTILE}",
)

RUNS = {
    "nothing": run(),
    "one-of-each": ONE_OF_EACH,
    "never-started": NEVER_STARTED,
    "hostile": HOSTILE_RUN,
    "failed-without-a-check": run(
        result(
            Verdict.FAILED,
            call(
                verdict=Verdict.FAILED, checks=(), error="no reading", error_kind="bot_not_reading"
            ),
        )
    ),
    "forgiven": run(FORGIVEN),
    "undecided": run(result(Verdict.PASSED, call(), checks=(TOO_FEW,))),
    "shares": run(
        result(
            Verdict.PASSED,
            replace(
                call(metrics={"barge_in_ok": (0.5,), "hold_rate": (1.0,)}),
                rates={"barge_in_ok": (1, 2), "hold_rate": (1, 1), "hold_rate (mhm)": (1, 1)},
            ),
        )
    ),
    "a-shard": replace(run(result(Verdict.PASSED, call())), shard=Shard(1, 2)),
    "an-empty-shard": replace(run(), shard=Shard(4, 4)),
    "not-run-for-the-bot": run(
        result(Verdict.NOT_RUN, reason="the bot was not ready"), errors=NEVER_STARTED.errors
    ),
}
