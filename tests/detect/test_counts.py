"""How calls become figures, and figures a table that is right or not."""

from dataclasses import replace
from pathlib import Path

import pytest
from pipecat_voice_test.measurement.results import CallResult, Check, Verdict
from pipecat_voice_test.timeline import Timeline

from bench.detect.calling import Call, call_of
from bench.detect.case import Case
from bench.detect.counts import Counted, counted
from bench.detect.page import Stored, page, table, targets
from bench.detect.store import keep, kept

MUTANT = Case("late", "", "late-answer", ("response_ms",), defect="D9")
HEALTHY = MUTANT.healthy
NOTICED = Call(("response_ms", "missed_turn"), ("response_ms: late",))
OTHER = Call(("stop_ms",), ("stop_ms: slow",))
NOTHING = Call()
VOID = Call(("response_ms",), (), "this machine was too slow")
MACHINE = {"cores": 2, "system": "Linux", "python": "CPython", "load_before": 0.1}


def check(metric: str, verdict: Verdict) -> Check:
    return Check("id", metric, verdict, f"{metric} was so")


@pytest.mark.parametrize(
    ("result", "call"),
    [
        pytest.param(
            CallResult(1, Verdict.PASSED, Timeline(), checks=(check("stop_ms", Verdict.PASSED),)),
            Call(),
            id="nothing-failed",
        ),
        pytest.param(
            CallResult(1, Verdict.FAILED, Timeline(), checks=(check("stop_ms", Verdict.FAILED),)),
            Call(("stop_ms",), ("stop_ms: stop_ms was so",)),
            id="a-failed-check-names-its-metric",
        ),
        pytest.param(
            CallResult(
                1, Verdict.PASSED, Timeline(), notes=("level was -40, usual is -36 to -12", "hm")
            ),
            Call(("level",), ("level was -40, usual is -36 to -12",)),
            id="so-does-a-note-of-an-unusual-value-and-no-other",
        ),
        pytest.param(
            CallResult(1, Verdict.INCONCLUSIVE, Timeline(), error="too slow", error_kind="rig"),
            Call(void="too slow"),
            id="a-machine-that-was-too-slow",
        ),
        pytest.param(
            CallResult(
                1,
                Verdict.INCONCLUSIVE,
                Timeline(),
                checks=(check("stop_ms", Verdict.INCONCLUSIVE),),
            ),
            Call(void="stop_ms was so"),
            id="an-interruption-that-was-none",
        ),
    ],
)
def test_what_a_call_says(result: CallResult, call: Call) -> None:
    assert call_of(result) == call


@pytest.mark.parametrize(
    ("case", "calls", "figures", "right"),
    [
        pytest.param(MUTANT, [NOTICED, NOTICED], (2, 2, 0), True, id="noticed-every-time"),
        pytest.param(MUTANT, [NOTICED, NOTHING], (1, 2, 0), False, id="missed-once"),
        pytest.param(MUTANT, [NOTICED, OTHER], (1, 2, 0), False, id="named-for-something-else"),
        pytest.param(
            MUTANT, [NOTICED, VOID, NOTICED], (2, 2, 1), True, id="a-void-one-is-repeated"
        ),
        pytest.param(MUTANT, [NOTICED, VOID], (1, 1, 1), False, id="too-few-could-be-judged"),
        pytest.param(HEALTHY, [NOTHING, NOTHING], (0, 2, 0), True, id="never-blamed"),
        pytest.param(HEALTHY, [NOTHING, OTHER], (1, 2, 0), False, id="blamed-once"),
        pytest.param(HEALTHY, [VOID, VOID], (0, 0, 2), False, id="never-judged"),
    ],
)
def test_counting(
    case: Case, calls: list[Call], figures: tuple[int, int, int], right: bool
) -> None:
    one = counted(case, calls, 2)

    assert (one.noticed, one.judged, one.void) == figures
    assert one.is_right == right
    assert Counted.from_json(one.as_json()) == one


def stored(part: str, *counted: Counted) -> Stored:
    return Stored(part, "2026-01-02", "0.0.1", False, 1.0, MACHINE, counted)


def test_a_fault_stands_beside_the_false_alarms_of_its_scenario() -> None:
    found = [
        stored("mutants", counted(MUTANT, [NOTICED] * 10, 10)),
        stored("alarms", counted(HEALTHY, [NOTHING] * 49 + [OTHER], 50, ["late", "later"])),
    ]

    assert table(found) == [("late (D9)", "response_ms", "10 of 10", "1 of 50")]
    assert [(row.measured, row.met) for row in targets(found)] == [
        ("1 of 1 faults", True),
        ("1 of 50 calls", False),
        ("0 of 60", None),
    ]
    assert "| late (D9) | response_ms | 10 of 10 | 1 of 50 |" in page(found)
    assert "- **late**: stop_ms: slow" in page(found)


def test_calls_that_could_not_be_judged_do_not_meet_a_target() -> None:
    found = [stored("healthy", counted(HEALTHY, [NOTHING, VOID], 2))]

    assert [(row.measured, row.met) for row in targets(found)] == [
        ("0 of 1 calls, 1 not judged", False),
        ("1 of 1", None),
    ]


@pytest.mark.parametrize(
    ("older", "of_older"),
    [
        pytest.param(stored("mutants", counted(MUTANT, [NOTHING] * 10, 10)), 10, id="its-own"),
        pytest.param(None, None, id="nothing-where-the-part-was-not-called"),
        pytest.param(
            replace(stored("mutants", counted(MUTANT, [NOTHING], 1)), short=True),
            0,
            id="nothing-of-another-form",
        ),
    ],
)
def test_some_cases_called_again_replace(
    older: Stored | None, of_older: int | None, tmp_path: Path
) -> None:
    if older is not None:
        keep(older, tmp_path)

    keep(stored("mutants", counted(MUTANT, [NOTICED] * 10, 10)), tmp_path, some=True)

    found = [one.noticed for part in kept(("mutants",), tmp_path) for one in part.counted]
    assert found == ([] if of_older is None else [of_older])
