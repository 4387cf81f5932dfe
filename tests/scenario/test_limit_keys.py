"""Limits are laid over the defaults metric by metric."""

from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest
import yaml
from pipecat_voice_test.scenario.limits import DEFAULT_LIMITS, METRICS
from pipecat_voice_test.scenario.schema import scenario_schema

from scenario.texts import complaint, scenario

TURNS = "\nturns: [{user: b, expect: [{event: response}]}]"


TAKEN = pytest.mark.parametrize(
    ("written", "metric", "gates"),
    [
        pytest.param("{cut_in: 2}", "cut_in", {"each": 2}, id="a-bare-number-is-for-each-value"),
        pytest.param(
            "{pause_tolerance_ms: 800}",
            "pause_tolerance_ms",
            {"at_least": 800},
            id="a-bare-number-is-at-least-where-more-is-better",
        ),
        pytest.param(
            "{response_ms: {median: 900}}",
            "response_ms",
            {"median": 900},
            id="a-metric-that-is-named-has-these-limits-only",
        ),
        pytest.param("{stop_ms: 700}", "response_ms", {"median": 1500, "each": 4000}, id="others"),
        pytest.param("{stop_ms: none}", "stop_ms", {}, id="none-switches-one-off"),
        pytest.param("{protocol: report}", "protocol", {}, id="P-30-report-is-none"),
        pytest.param(
            "{response_ms: {median: none, each: 3000}}",
            "response_ms",
            {"each": 3000},
            id="none-switches-one-statistic-off",
        ),
        pytest.param("none", "cut_in", {}, id="none-alone-switches-all-off"),
        pytest.param(
            "{talk_over_ms: {p95: 300}}",
            "talk_over_ms",
            {"p95": 300},
            id="one-without-default",
        ),
        pytest.param("{barge_in_ok: 0.5}", "barge_in_ok", {"at_least": 0.5}, id="a-share"),
        pytest.param(
            "{barge_in_ok: {lower_bound: 0.8}}",
            "barge_in_ok",
            {"lower_bound": 0.8},
            id="M-24-a-share-to-be-proven",
        ),
        pytest.param("{hold_rate: all}", "hold_rate", {"at_least": 1}, id="M-24-all-of-them"),
        pytest.param("{passed: all}", "passed", {}, id="M-24-all-calls-is-the-default"),
        pytest.param("{passed: 4}", "passed", {"at_least": 4}, id="M-24-so-many-calls"),
        pytest.param(
            "{passed: {at_least: 4, lower_bound: 0.3}}",
            "passed",
            {"at_least": 4, "lower_bound": 0.3},
            id="M-24-both-forms",
        ),
        pytest.param("{level: {at_least: -36}}", "level", {"at_least": -36}, id="a-level-in-dBov"),
    ],
)


@TAKEN
def test_what_holds(tmp_path: Path, written: str, metric: str, gates: Mapping[str, float]) -> None:
    limits = scenario(tmp_path, f"name: a\nlimits: {written}{TURNS}").limits

    assert limits.of(metric) == gates


def test_own_limits_are_known_with_their_lines(tmp_path: Path) -> None:
    limits = scenario(tmp_path, f"name: a\nlimits:\n  stop_ms: none\n  cut_in: 1{TURNS}").limits

    assert limits.own == {"stop_ms", "cut_in"}
    assert (limits.line_of("stop_ms"), limits.line_of("cut_in")) == (3, 4)
    assert limits.line_of("response_ms") is None
    assert set(limits.gates) == set(DEFAULT_LIMITS.gates) - {"stop_ms"}


def test_limits_none_leaves_no_gate_and_counts_as_set(tmp_path: Path) -> None:
    limits = scenario(tmp_path, f"name: a\nlimits: none{TURNS}").limits

    assert limits.gates == {}
    assert limits.own == set(METRICS)
    assert limits.line_of("cut_in") == 2


NUMBER = "write it in plain digits, without quotes and without a unit"
OFF = "write `none` to switch it off"
PROVABLE = "write a share {}, such as 0.8, which 16 clean ones prove"
CALLS = "`passed.at_least` is a number of calls, from 1"
BOUND = "write `lower_bound` for a share, or `all`"


REFUSED = pytest.mark.parametrize(
    ("written", "what", "fix"),
    [
        pytest.param(
            "{respons_ms: 5}",
            "unknown metric `respons_ms`",
            "did you mean `response_ms`?",
            id="a-slip",
        ),
        pytest.param(
            "{stop: 5}", "unknown metric `stop`", "did you mean `stop_ms`?", id="without-its-unit"
        ),
        pytest.param(
            "{stop_ms: {eech: 5}}",
            "`stop_ms` has no limit called `eech`",
            "did you mean `each`?",
            id="a-misspelt-statistic",
        ),
        pytest.param(
            "{cut_in: {p95: 5}}",
            "`cut_in` has no limit called `p95`",
            "it takes `each`",
            id="a-quantile-of-a-count",
        ),
        pytest.param(
            "{talk_over_ms: {at_least: 5}}",
            "`talk_over_ms` has no limit called `at_least`",
            "it takes `each`, `median`, `p90`, `p95` or `p99`",
            id="at-least-where-less-is-better",
        ),
        pytest.param("{stop_ms: {}}", "`stop_ms` has no limit", OFF, id="no-statistic"),
        pytest.param(
            '{stop_ms: "500"}',
            "`stop_ms` must be a number or `none`, not a text",
            NUMBER,
            id="a-quoted-number",
        ),
        pytest.param(
            "{stop_ms: {each: 500ms}}",
            "`stop_ms.each` must be a number or `none`, not a text",
            NUMBER,
            id="a-unit",
        ),
        pytest.param(
            "{stop_ms: ~}", "`stop_ms` must be a number or `none`, not nothing", OFF, id="null"
        ),
        pytest.param(
            "{stop_ms: no}",
            "`stop_ms` must be a number or `none`, not a yes or no",
            NUMBER,
            id="a-no",
        ),
        pytest.param("{stop_ms: -1}", "`stop_ms` must be at least 0, not -1", OFF, id="below-zero"),
        pytest.param(
            "{stop_ms: .nan}", "`stop_ms` must be at least 0, not nan", OFF, id="no-number"
        ),
        pytest.param(
            "{barge_in_ok: 95}",
            "`barge_in_ok` is a share from 0 to 1, not 95",
            "write 1.0 for all of them",
            id="a-share-in-percent",
        ),
        pytest.param(
            "{hold_rate: 1.5}",
            "`hold_rate` is a share from 0 to 1, not 1.5",
            "write 1.0 for all of them",
            id="more-than-all",
        ),
        pytest.param(
            "{passed: {lower_bound: 1.0}}",
            "`passed.lower_bound` of 1.0: no number of calls, all of them good, proves so much",
            PROVABLE.format("below 1"),
            id="M-24-what-nothing-proves",
        ),
        pytest.param(
            "{barge_in_ok: {lower_bound: 0}}",
            "`barge_in_ok.lower_bound` of 0 is kept by any result",
            PROVABLE.format("above 0"),
            id="what-nothing-misses",
        ),
        pytest.param("{passed: {at_least: 0}}", f"{CALLS}, not 0", BOUND, id="no-call-at-all"),
        pytest.param("{passed: {at_least: 0.8}}", f"{CALLS}, not 0.8", BOUND, id="part-of-a-call"),
        pytest.param(
            "{passed: none}",
            "`passed` cannot be switched off: then no failed call would count",
            "write `all`, or `{at_least: 1}`",
            id="passing-is-not-switched-off",
        ),
        pytest.param(
            "{passed: most}",
            "`passed` must be a number or `all`, not a text",
            NUMBER,
            id="neither-a-number-nor-all",
        ),
        pytest.param(
            "{passed: {}}", "`passed` has no limit", "write `all`, which is the default", id="empty"
        ),
        pytest.param(
            "1500",
            "`limits` must be a block of metrics or `none`, not a number",
            "write `response_ms: 1500` lines under it",
            id="a-number-for-all",
        ),
    ],
)


@REFUSED
def test_a_wrong_limit_is_named_with_its_fix(
    tmp_path: Path, written: str, what: str, fix: str
) -> None:
    said = complaint(tmp_path, f"name: a\nlimits: {written}{TURNS}")

    assert said == f"s.yaml:2: {what}\n  Fix: {fix}"


SCHEMA = jsonschema.Draft202012Validator(scenario_schema())


def fits_the_schema(written: str) -> bool:
    return bool(SCHEMA.is_valid(yaml.safe_load(f"name: a\nlimits: {written}{TURNS}")))


@TAKEN
def test_the_schema_takes_what_is_read(
    written: str, metric: str, gates: Mapping[str, float]
) -> None:
    assert fits_the_schema(written)


@REFUSED
def test_the_schema_refuses_what_is_refused(written: str, what: str, fix: str) -> None:
    no_number = ".nan" in written  # JSON has none, so its schemas cannot speak of it.
    assert fits_the_schema(written) == no_number
