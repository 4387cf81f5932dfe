"""Several runs joined are the run that they would have been."""

from dataclasses import replace
from typing import Any

import pytest
from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.measurement.results import (
    BotFacts,
    Control,
    RunError,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.report.stored.belonging import Part
from pipecat_voice_test.report.stored.join import join
from pipecat_voice_test.scenario.shard import Shard
from pipecat_voice_test.timeline import Rig

from report.runs import call, result
from report.stored.parts import names, of, part, passed, three

PASSED, FAILED = Verdict.PASSED, Verdict.FAILED
NOT_READY = RunError("bot_not_ready", "bot:ci did not listen.\n  Fix: start it.", "INFO: hello\n")
ALL_SKIPPED = RunError("nothing_selected", "All 1 selected scenarios are skipped.")
UNREADABLE = RunError("scenario", "tests/voice/b.yaml:9: unknown event `respond`")
NO_BOT = BotFacts("command", "no bot was started")


def joined(*parts: Part) -> RunResult:
    return join(parts).run


def shards(*parts: Part) -> list[Part]:
    """Runs as shards of one."""
    return [
        replace(one, run=replace(one.run, shard=Shard(index, len(parts))))
        for index, one in enumerate(parts, 1)
    ]


# --- the order of one run ------------------------------------------------------------------------


def test_scenarios_of_shards_stand_where_they_would_in_one_run() -> None:
    found = join([three()[2], three()[0], three()[1]])

    assert names(found.run) == ["a", "b", "c", "d", "e"]
    assert found.origins == ((1, 0), (2, 0), (0, 0), (1, 1), (2, 1))
    assert (found.run.shard, found.run.share, found.version) == (None, None, "1.2.3")


def test_the_order_is_that_in_which_the_paths_were_given() -> None:
    """`run b.yaml a.yaml`: shards know their places, which files do not tell."""
    found = joined(
        part("1", passed("b1", file="b.yaml"), passed("a2", file="a.yaml", line=9),
             shard=(1, 2), share=([0, 3], 4)),
        part("2", passed("b2", file="b.yaml", line=9), passed("a1", file="a.yaml"),
             shard=(2, 2), share=([1, 2], 4)),
    )  # fmt: skip

    assert names(found) == ["b1", "b2", "a1", "a2"]


def test_runs_side_by_side_are_in_the_order_of_a_folder() -> None:
    """By path and line, as `run tests/voice` reads them."""
    found = joined(
        part("booking", passed("z", file="tests/voice/b/z.yaml"),
             passed("y", file="tests/voice/c.yaml", line=7)),
        part("hours", passed("x", file="tests/voice/a.yaml"),
             passed("w", file="tests/voice/b.yaml"), passed("v", file="tests/voice/c.yaml")),
    )  # fmt: skip

    assert names(found) == ["x", "z", "w", "v", "y"]


# --- facts of the whole run ----------------------------------------------------------------------


def test_a_run_begins_with_the_first_and_lasts_as_long_as_the_longest() -> None:
    first, second, third = three()
    second = replace(
        second, run=replace(second.run, started_at="2025-12-31T23:59:58Z", duration_ms=99_000.0)
    )
    found = joined(first, second, third)

    assert (found.started_at, found.duration_ms) == ("2025-12-31T23:59:58Z", 99_000.0)


def test_facts_are_those_of_a_shard_that_called_somebody() -> None:
    idle = part("out/2", shard=(2, 2), seed=0, bot=NO_BOT, runner="other", version="0.1")
    busy = part("out/1", passed("a"), shard=(1, 2), runner="linux, 2 CPUs")
    found = join(shards(idle, busy))

    assert (found.run.seed, found.run.bot.name) == (7, "shop/bot:ci")
    assert (found.run.runner, found.version) == ("linux, 2 CPUs", "1.2.3")


@pytest.mark.parametrize(
    ("controls", "worst"),
    [
        pytest.param([None, None, None], None, id="not-asked"),
        pytest.param([Control(1, -2), Control(-9, 0), None], Control(-9, 0), id="furthest-off"),
        pytest.param([Control(1, -2), Control(), None], Control(), id="not-measured"),
    ],
)
def test_the_control_is_that_of_the_worst_machine(
    controls: list[Control | None], worst: Control | None
) -> None:
    """METRICS 7."""
    parts = [
        replace(one, run=replace(one.run, control=control))
        for one, control in zip(three(), controls, strict=True)
    ]

    assert joined(*parts).control == worst


def test_machines_of_other_classes_make_one_that_no_other_run_has() -> None:
    """M-31."""
    first, second, third = three(runner="linux, 2 CPUs")
    third = replace(third, run=replace(third.run, runner="linux, 4 CPUs"))

    assert joined(first, second, third).runner == "linux, 2 CPUs; linux, 4 CPUs"


# --- gates over the whole run --------------------------------------------------------------------


def answered(name: str, *values_ms: float, rig: Rig | None = None) -> ScenarioResult:
    one = call(metrics={"response_ms": values_ms})
    timeline = replace(one.timeline, rig=rig or Rig())
    return result(PASSED, replace(one, timeline=timeline), name=name)


def test_the_median_is_that_of_all_calls_m21a() -> None:
    """No shard has the five values that it needs."""
    found = joined(
        *shards(part("1", answered("a", 1600, 1700)), part("2", answered("b", 1650, 900, 1500)))
    )

    assert [(check.id, check.verdict, check.value) for check in found.run_checks] == [
        ("run.response_ms.median", FAILED, 1600)
    ]
    assert (found.verdict, found.exit_code) == (FAILED, ExitCode.FAILED)


def test_a_median_that_only_a_shard_missed_is_kept_m21a() -> None:
    slow = part("1", answered("a", 1600, 1700, 1650, 1600, 1800), exit_code=1, verdict=FAILED)
    fast = part("2", answered("b", 600, 700, 650, 600, 800, 700))
    found = joined(*shards(slow, fast))

    assert [check.verdict for check in found.run_checks] == [PASSED]
    assert (found.verdict, found.exit_code) == (PASSED, ExitCode.PASSED)


def test_a_median_is_excused_by_a_call_of_any_shard_that_was_starved_m5() -> None:
    slow = part("1", answered("a", 1600, 1700, 1650))
    busy = part("2", answered("b", 1600, 1800, rig=Rig(starved=0.5)))
    found = joined(*shards(slow, busy))

    assert [check.verdict for check in found.run_checks] == [Verdict.INCONCLUSIVE]
    assert found.exit_code == ExitCode.INCONCLUSIVE


# --- how it came out -----------------------------------------------------------------------------


def ended(code: ExitCode, *scenarios: ScenarioResult, **facts: Any) -> Part:
    return part(f"out/{code.name.lower()}", *scenarios, exit_code=int(code), **facts)


ONE = passed("one")
CASES = {
    "all-passed": ([ended(ExitCode.PASSED, ONE), ended(ExitCode.PASSED, passed("two"))], 0),
    "one-failed": ([ended(ExitCode.PASSED, ONE), ended(ExitCode.FAILED, of("two", FAILED))], 1),
    "interrupted-before-failed": (
        [
            ended(ExitCode.FAILED, of("one", FAILED)),
            ended(ExitCode.INTERRUPTED, of("two", Verdict.NOT_RUN)),
        ],
        2,
    ),
    "internal-before-failed": (
        [
            ended(ExitCode.FAILED, of("one", FAILED)),
            ended(ExitCode.INTERNAL, errors=(RunError("internal_error", "Traceback"),)),
        ],
        3,
    ),
    "a-shard-with-a-wrong-file": (
        [ended(ExitCode.PASSED, ONE), ended(ExitCode.USAGE, errors=(UNREADABLE,))],
        4,
    ),
    "failed-before-a-wrong-file": (
        [ended(ExitCode.FAILED, of("one", FAILED)), ended(ExitCode.USAGE, errors=(UNREADABLE,))],
        1,
    ),
    "the-bot-never-started-for-one": (
        [
            ended(ExitCode.PASSED, ONE),
            ended(ExitCode.BOT_ERROR, of("two", Verdict.NOT_RUN), errors=(NOT_READY,)),
        ],
        6,
    ),
    "a-machine-too-slow-for-one": (
        [
            ended(ExitCode.PASSED, ONE),
            ended(
                ExitCode.INCONCLUSIVE, of("two", Verdict.NOT_RUN), errors=(RunError("rig", "slow"),)
            ),
        ],
        7,
    ),
    "one-has-only-skipped-ones": (
        [
            ended(ExitCode.PASSED, ONE),
            ended(ExitCode.NOTHING_SELECTED, of("two", Verdict.SKIPPED), errors=(ALL_SKIPPED,)),
        ],
        0,
    ),
    "nothing-was-selected-in-one": (
        [
            ended(ExitCode.PASSED, ONE),
            ended(ExitCode.NOTHING_SELECTED, errors=(RunError("nothing_selected", "none fits"),)),
        ],
        5,
    ),
    "more-shards-than-work": ([ended(ExitCode.PASSED, ONE), ended(ExitCode.PASSED)], 0),
}


@pytest.mark.parametrize("name", CASES)
def test_the_exit_code_is_that_of_one_run(name: str) -> None:
    """DESIGN 4: of 2, 3, 1, 6, 7 the first; nothing green comes of anything red."""
    parts, code = CASES[name]

    assert joined(*shards(*parts)).exit_code == code
    assert joined(*shards(*reversed(parts))).exit_code == code


def test_a_missing_shard_makes_no_run_pass() -> None:
    """What was not called is not green, and what was found out is not lost."""
    found = joined(*three()[1:])

    assert names(found) == ["b", "c", "e"]
    assert [error.kind for error in found.errors] == ["missing_shard"]
    assert (found.verdict, found.exit_code) == (Verdict.INCONCLUSIVE, ExitCode.INCONCLUSIVE)


def test_a_failure_shows_also_with_a_shard_missing() -> None:
    parts = [part("1", of("a", FAILED), shard=(1, 2))]

    assert joined(*parts).exit_code == ExitCode.FAILED


# --- errors --------------------------------------------------------------------------------------


def test_an_error_says_which_shard_it_is_of() -> None:
    first, second = shards(
        part("1", ONE), part("2", of("two", Verdict.NOT_RUN), errors=(NOT_READY,), exit_code=6)
    )

    assert joined(first, second).errors == (
        replace(NOT_READY, message=f"shard 2 of 2: {NOT_READY.message}"),
    )


def test_an_error_of_every_shard_is_the_run_s() -> None:
    """As one run would have had it."""
    parts = [
        part(name, of(name, Verdict.NOT_RUN), errors=(NOT_READY,), exit_code=6) for name in "ab"
    ]

    assert joined(*shards(*parts)).errors == (NOT_READY,)


def test_an_error_of_some_shards_is_told_once() -> None:
    ill = [part(name, of(name, Verdict.NOT_RUN), errors=(NOT_READY,), exit_code=6) for name in "ab"]

    assert [error.message for error in joined(*shards(*ill, part("3", ONE))).errors] == [
        f"shard 1 of 3, shard 2 of 3: {NOT_READY.message}"
    ]


def test_an_error_that_a_scenario_tells_is_not_told_twice() -> None:
    died = RunError("bot_exited", "bot:ci exited with code 3.")
    ill = part("1", of("one", Verdict.ERROR, reason=died.message), errors=(died,), exit_code=6)

    assert joined(*shards(ill, part("2", passed("two")))).errors == (died,)


def test_an_error_of_a_run_that_is_no_shard_names_its_folder() -> None:
    ill = part("booking", of("two", Verdict.NOT_RUN), errors=(NOT_READY,), exit_code=6)

    assert joined(part("hours", ONE), ill).errors[0].message.startswith("booking: bot:ci did")


def test_that_all_is_skipped_is_said_of_all() -> None:
    parts = [
        part(name, of(name, Verdict.SKIPPED, reason="a persona"), errors=(ALL_SKIPPED,),
             exit_code=5)
        for name in "ab"
    ]  # fmt: skip
    found = joined(*shards(*parts))

    assert found.exit_code == ExitCode.NOTHING_SELECTED
    assert [error.message for error in found.errors] == [
        "All 2 selected scenarios are skipped.\n"
        "  Fix: give scenarios whose events can be heard on a phone line.\n"
        "  a: a persona\n"
        "  b: a persona"
    ]


def test_one_run_alone_stays_as_it_is() -> None:
    alone = part("out", passed("a"), control=Control(1, 2), runner="linux", errors=())

    assert joined(alone) == replace(alone.run, run_checks=joined(alone).run_checks)
