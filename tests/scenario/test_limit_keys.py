"""Limits are laid over the defaults metric by metric."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pipecat_voice_test.scenario.limits import DEFAULT_LIMITS, METRICS

from scenario.texts import complaint, scenario

TURNS = "\nturns: [{user: b, expect: [{event: response}]}]"


@pytest.mark.parametrize(
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
    ],
)
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


@pytest.mark.parametrize(
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
            "1500",
            "`limits` must be a block of metrics or `none`, not a number",
            "write `response_ms: 1500` lines under it",
            id="a-number-for-all",
        ),
    ],
)
def test_a_wrong_limit_is_named_with_its_fix(
    tmp_path: Path, written: str, what: str, fix: str
) -> None:
    said = complaint(tmp_path, f"name: a\nlimits: {written}{TURNS}")

    assert said == f"s.yaml:2: {what}\n  Fix: {fix}"
