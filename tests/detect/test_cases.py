"""Each fault is noticed by its own metric, and nobody is blamed without it: off the line.

The calls are those of `make detect`, on a clock that jumps, so none of them waits and none can
be void. What only a socket or a process can do wrong is called in real time there alone.
"""

from functools import cache

import pytest
from pipecat_voice_test.demo.faults import FAULTS
from pipecat_voice_test.scenario.limits import METRICS

from bench.detect.calling import Call, call_of
from bench.detect.case import Case
from bench.detect.cases import HEALTHY, MUTANTS
from bench.detect.parts import PARTS
from bench.detect.rehearsal import can_rehearse, rehearse

DEFECTS = {f"D{number}" for number in range(1, 9)}
# Metrics of expectations, which have no gate of their own.
OF_EXPECTATIONS = {"ended_by", "call_ended_ms", "bot_started_speaking_ms"}
# Faults that keep anybody from being called, or that are no fault of the bot's.
NOT_JUDGED = {"refuse", "hang-upgrade", "exit-after"}
HARMLESS = {"silence-before-close", "pings", "fragments", "marks-flood"}

REHEARSED = [case for case in MUTANTS if can_rehearse(case)]
IN_GOOD_HEALTH = [
    case for case in (*PARTS["alarms"].cases, *PARTS["healthy"].cases) if can_rehearse(case)
]


@cache
def found(case_name: str, healthy: bool) -> Call:
    cases = IN_GOOD_HEALTH if healthy else REHEARSED
    return call_of(rehearse(next(case for case in cases if case.name == case_name)))


@pytest.mark.parametrize("case", REHEARSED, ids=lambda case: case.name)
def test_a_fault_is_noticed_by_its_own_metric(case: Case) -> None:
    call = found(case.name, False)

    assert not call.void
    assert set(call.named) & set(case.metrics), "\n".join(call.told)


@pytest.mark.parametrize("case", IN_GOOD_HEALTH, ids=lambda case: case.name)
def test_nobody_is_blamed_without_a_fault(case: Case) -> None:
    call = found(case.name, True)

    assert not call.void
    assert call.named == (), "\n".join(call.told)


def test_every_fault_of_the_demo_bot_has_a_row() -> None:
    assert {case.fault.partition("=")[0] for case in MUTANTS} == (
        set(FAULTS) - NOT_JUDGED - HARMLESS
    )


def test_every_defect_of_the_field_has_a_row() -> None:
    assert {case.defect for case in MUTANTS} - {""} == DEFECTS


@pytest.mark.parametrize("part", PARTS)
def test_names_are_told_apart_and_metrics_exist(part: str) -> None:
    cases = PARTS[part].cases

    assert len({case.name for case in cases}) == len(cases)
    assert {metric for case in cases for metric in case.metrics} <= {*METRICS, *OF_EXPECTATIONS}


def test_each_scenario_of_a_fault_is_called_on_its_healthy_bot_once() -> None:
    alarms = PARTS["alarms"]

    assert sorted(name for names in alarms.groups for name in names) == sorted(
        case.name for case in MUTANTS
    )
    assert len({case.same_as_healthy for case in alarms.cases}) == len(alarms.cases)
    assert all(not case.fault and not case.metrics for case in alarms.cases)


def test_the_long_form_makes_two_hundred_healthy_calls() -> None:
    assert sum(PARTS["healthy"].calls for _ in HEALTHY) >= 200
