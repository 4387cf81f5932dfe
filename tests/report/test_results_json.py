"""results.json has the shape of DESIGN 6, whatever happened in a run."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pipecat_voice_test.measurement.results import Check, RunResult, Verdict
from pipecat_voice_test.report.results_json import results_json, results_schema

from report.runs import (
    HOSTILE_RUN,
    LATE,
    ONE_OF_EACH,
    RUNS,
    VERSION,
    call,
    place_of,
    result,
    run,
)

NAN = float("nan")


def rendered(what: RunResult) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(results_json(what, place_of(what)), parse_constant=refuse)


def only_check(check: Check) -> Any:
    what = run(result(Verdict.FAILED, call(verdict=Verdict.FAILED, checks=(check,))))
    return rendered(what)["scenarios"][0]["calls"][0]["checks"][0]


def pooled(*calls: Any) -> Any:
    return rendered(run(result(Verdict.FAILED, *calls)))["scenarios"][0]["metrics"]


def test_one_of_each(golden: Callable[[str, str], None]) -> None:
    golden("results.json", results_json(ONE_OF_EACH, place_of(ONE_OF_EACH), version=VERSION))


@pytest.mark.parametrize("what", RUNS.values(), ids=RUNS)
def test_every_run_follows_the_schema(what: RunResult) -> None:
    schema = results_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())

    assert [error.message for error in validator.iter_errors(rendered(what))] == []


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_follows_the_schema_everywhere(verdict: Verdict) -> None:
    check = replace(LATE, verdict=verdict)
    what = run(
        result(verdict, call(verdict=verdict, checks=(check,)), checks=(check,)),
        verdict=verdict,
        run_checks=(check,),
    )

    Draft202012Validator(results_schema()).validate(rendered(what))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda it: it.update(schema=2), id="another-schema"),
        pytest.param(lambda it: it.update(extra=1), id="a-key-nobody-reads"),
        pytest.param(lambda it: it.pop("seed"), id="a-missing-key"),
        pytest.param(lambda it: it["scenarios"][0].update(verdict="ok"), id="no-verdict"),
        pytest.param(lambda it: it["scenarios"][0]["calls"][0].pop("rig"), id="no-rig"),
        pytest.param(
            lambda it: it["scenarios"][0]["metrics"]["response_ms"].update(p95="1"), id="a-text"
        ),
    ],
)
def test_the_schema_refuses(spoil: Callable[[Any], object]) -> None:
    document = rendered(ONE_OF_EACH)
    spoil(document)

    assert not Draft202012Validator(results_schema()).is_valid(document)


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        pytest.param(2210.14, 1500.0, 2210.1, id="tenths-are-kept"),
        pytest.param(1500.0, 1500.0, 1500, id="a-whole-number-has-no-fraction"),
        pytest.param(1500.04, 1500.0, 1500.04, id="a-narrow-failure-stays-above-the-limit"),
        pytest.param(499.96, 500.0, 499.96, id="a-narrow-failure-stays-below-the-limit"),
        pytest.param(None, 1500.0, None, id="nothing-measured-is-null"),
        pytest.param(NAN, 1500.0, None, id="no-number-is-null"),
        pytest.param(3.14159, None, 3.1, id="a-value-without-a-limit"),
    ],
)
def test_a_check_is_never_rounded_to_the_other_side(
    value: float | None, limit: float | None, shown: float | None
) -> None:
    check = only_check(replace(LATE, value=value, limit=limit))

    assert check["value"] == shown


def test_p95_needs_59_values_m22() -> None:
    few = pooled(call(metrics={"response_ms": tuple(range(58))}))["response_ms"]
    enough = pooled(call(metrics={"response_ms": tuple(range(59))}))["response_ms"]

    assert (few["n"], few["p95"]) == (58, None)
    assert (enough["n"], enough["p95"]) == (59, 55)


@pytest.mark.parametrize(
    ("values", "median"),
    [
        pytest.param((5.0,), 5, id="one"),
        pytest.param((100.0, 200.0), 150, id="two-are-interpolated"),
        pytest.param((300.0, 100.0, 210.4), 210, id="order-does-not-matter"),
        pytest.param((100.0, NAN, 200.0, float("inf")), 150, id="what-is-no-number-is-left-out"),
    ],
)
def test_median_interpolates_m23(values: tuple[float, ...], median: int) -> None:
    assert pooled(call(metrics={"response_ms": values}))["response_ms"]["median"] == median


def test_only_calls_that_could_be_judged_are_pooled_m5_m20() -> None:
    metrics = pooled(
        call(1, Verdict.PASSED, metrics={"response_ms": (1.0,)}),
        call(2, Verdict.INCONCLUSIVE, metrics={"response_ms": (2.0,), "stop_ms": (2.0,)}),
        call(3, Verdict.ERROR, metrics={"response_ms": (3.0,)}),
        call(4, Verdict.FAILED, metrics={"response_ms": (4.0,), "cut_in": (0.0, 1.0)}),
        call(5, Verdict.PASSED, metrics={"response_ms": (5.0,)}, replaced=True),
    )

    few = {"p90": None, "p95": None, "p99": None, "rate": None}
    assert metrics == {
        "response_ms": few
        | {
            "n": 2, "median": 2, "interval": [1, 4], "max": 4,
            "values": [1, 4], "calls": [1, 4],
        },
        "cut_in": few
        | {
            "n": 2, "median": 0.5, "interval": None, "max": 1,
            "values": [0, 1], "calls": [4, 4],
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("count", "known"),
    [
        pytest.param(28, [], id="28"),
        pytest.param(29, ["p90"], id="29"),
        pytest.param(58, ["p90"], id="58"),
        pytest.param(59, ["p90", "p95"], id="59"),
        pytest.param(299, ["p90", "p95", "p99"], id="299"),
    ],
)
def test_quantiles_are_shown_only_from_enough_values_m22(count: int, known: list[str]) -> None:
    figures = pooled(call(metrics={"response_ms": tuple(range(count))}))["response_ms"]

    assert [name for name in ("p90", "p95", "p99") if figures[name] is not None] == known


def test_a_share_within_calls_says_of_how_many_m24() -> None:
    calls = [
        replace(call(1, metrics={"barge_in_ok": (0.5,)}), rates={"barge_in_ok": (1, 2)}),
        replace(call(2, metrics={"barge_in_ok": (1.0,)}), rates={"barge_in_ok": (3, 3)}),
    ]

    assert pooled(*calls)["barge_in_ok"]["rate"] == {
        "times": 4,
        "of": 5,
        "interval": [0.3755, 0.9638],
        "kinds": {},
    }


def test_hold_rates_are_told_per_kind() -> None:
    """METRICS `hold_rate`."""
    rates = {"hold_rate": (3, 4), "hold_rate (mhm)": (2, 2), "hold_rate (cough)": (1, 2)}
    one = replace(call(metrics={"hold_rate": (1.0, 0.5)}), rates=rates)

    assert pooled(one)["hold_rate"]["rate"]["kinds"] == {
        "mhm": {"times": 2, "of": 2, "interval": [0.3424, 1]},
        "cough": {"times": 1, "of": 2, "interval": [0.0945, 0.9055]},
    }


@pytest.mark.parametrize(
    ("verdicts", "interval"),
    [
        pytest.param("ppfpp", [0.3755, 0.9638], id="four-of-five"),
        pytest.param("ppi", [0.3424, 1], id="what-was-not-judged-does-not-count"),
        pytest.param("i", None, id="nothing-is-known"),
    ],
)
def test_how_surely_calls_pass_m24(verdicts: str, interval: list[float] | None) -> None:
    letters = {"p": Verdict.PASSED, "f": Verdict.FAILED, "i": Verdict.INCONCLUSIVE}
    calls = [call(number, letters[letter]) for number, letter in enumerate(verdicts, 1)]

    (scenario,) = rendered(run(result(Verdict.PASSED, *calls)))["scenarios"]
    assert scenario["passed_interval"] == interval


def test_a_share_keeps_its_fraction() -> None:
    assert pooled(call(metrics={"barge_in_ok": (2 / 3,)}))["barge_in_ok"]["values"] == [0.6667]


@pytest.mark.parametrize(
    ("name", "shard"),
    [
        pytest.param("nothing", None, id="all-there-is"),
        pytest.param("a-shard", {"index": 1, "total": 2}, id="a-share"),
        pytest.param("an-empty-shard", {"index": 4, "total": 4}, id="an-empty-one"),
    ],
)
def test_whose_share_it_is(name: str, shard: object) -> None:
    assert rendered(RUNS[name])["shard"] == shard


def test_replaced_calls_are_listed_but_do_not_count_p22() -> None:
    scenario = rendered(ONE_OF_EACH)["scenarios"][4]

    assert (len(scenario["calls"]), scenario["calls_run"]) == (2, 1)
    assert [call["replaced"] for call in scenario["calls"]] == [True, False]


def test_hostile_text_is_valid_unicode_and_gives_no_secret_away() -> None:
    text = results_json(HOSTILE_RUN, place_of(HOSTILE_RUN))

    assert text.encode("utf-8")
    assert "hunter2" not in text
    assert "s3cret" not in text
    assert not [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) <= 0x9F]


def test_a_file_that_was_not_written_is_null() -> None:
    files = rendered(ONE_OF_EACH)["scenarios"][0]["calls"][0]["files"]

    assert files == {
        "recording": "s0/call-1/call.wav",
        "bot_raw": "s0/call-1/bot_raw.wav",
        "events": "s0/call-1/events.jsonl",
        "timeline": None,
        "log": "s0/call-1/bot.log",
    }
