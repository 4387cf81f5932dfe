"""A baseline that cannot be trusted is refused, each with its reason and its fix."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pipecat_voice_test import __version__
from pipecat_voice_test.errors import BaselineError, ExitCode
from pipecat_voice_test.measurement.comparison.document import read_baseline, read_run
from pipecat_voice_test.measurement.comparison.of_run import measured
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.timeline import Rig

from measurement.comparison.runs import (
    answered,
    call,
    document_of,
    file_of,
    run,
    scenario,
    sealed,
)

WHOLE = run(answered(640.0, 650.26, 660.0))
GIVE = "\n  Fix: give the results.json of an earlier run."
COPY = (
    "\n  Fix: copy it again from where it was kept; a full disk or a job that was stopped does it."
)
ANEW = (
    "\n  Fix: make it anew: run this version against the bot that the baseline was made with,"
    "\n       and keep that run's results.json."
)
AS_WRITTEN = (
    "\n  Fix: take the file as the run wrote it; to accept other figures, make a run and keep "
    "its results.json."
)


def refusal(data: bytes) -> str:
    with pytest.raises(BaselineError) as refused:
        read_baseline(data, "base.json")
    assert refused.value.exit_code == ExitCode.USAGE
    return str(refused.value)


def changed(**changes: Any) -> bytes:
    """A file that says something else, with the digest that goes with it."""
    return sealed(document_of(WHOLE) | changes)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "base.json is empty." + COPY, id="empty"),
        pytest.param(b" \n", "base.json is empty." + COPY, id="blank"),
        pytest.param(b"\xff\xfe{", "base.json is not JSON." + GIVE, id="not-utf-8"),
        pytest.param(
            b"<testsuites/>",
            "base.json is not JSON: Expecting value: line 1 column 1 (char 0)." + GIVE,
            id="xml",
        ),
        pytest.param(b"[" * 100_000, "base.json is not JSON." + GIVE, id="nested-without-end"),
        pytest.param(b'{"a": NaN}', "base.json is not JSON." + GIVE, id="no-number"),
        pytest.param(
            b"[1]", "base.json was not written by pipecat-voice-test." + GIVE, id="no-object"
        ),
        pytest.param(
            b'{"tool": {"name": "other"}}',
            "base.json was not written by pipecat-voice-test." + GIVE,
            id="of-another-tool",
        ),
    ],
)
def test_what_is_no_results_file_is_refused(data: bytes, said: str) -> None:
    assert refusal(data) == said


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused_wherever_it_breaks_off(share: float) -> None:
    whole = file_of(WHOLE)
    part = whole[: int(len(whole.rstrip()) * share)]

    line = part.rstrip().count(b"\n") + 1
    assert refusal(part) == f"base.json breaks off in line {line}: it is not whole." + COPY


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(
            {"schema": 2},
            f"base.json has schema 2 (pipecat-voice-test {__version__}), "
            f"and {__version__} reads schema 1.",
            id="another-schema",
        ),
        pytest.param(
            {"measures": 7, "tool": {"name": "pipecat-voice-test", "version": "9.0"}},
            "base.json was measured by pipecat-voice-test 9.0 with revision 7 of the metrics, "
            f"and {__version__} measures with revision 1: the same names mean something else.",
            id="other-measures",
        ),
    ],
)
def test_a_baseline_of_another_kind_is_refused(changes: dict[str, Any], said: str) -> None:
    assert refusal(changed(**changes)) == said + ANEW


@pytest.mark.parametrize("key", ["measures", "digest"])
def test_a_baseline_from_before_there_were_any_is_refused(key: str) -> None:
    document = document_of(WHOLE) | {"tool": {"name": "pipecat-voice-test", "version": "0.1"}}
    del document[key]

    assert refusal(json.dumps(document).encode()) == (
        "base.json was written by pipecat-voice-test 0.1, which kept too little to compare with."
        + ANEW
    )


def test_a_baseline_of_another_version_that_measures_the_same_is_read() -> None:
    data = changed(tool={"name": "pipecat-voice-test", "version": "0.0.9"})

    assert read_baseline(data, "base.json").version == "0.0.9"


def edited(edit: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = document_of(WHOLE)
    edit(document["scenarios"][0])
    return document


@pytest.mark.parametrize(
    ("edit", "evidence"),
    [
        pytest.param(
            lambda it: it["metrics"]["response_ms"].update(median=500),
            "\n  Opening hours: response_ms.median is 500, that of its values 650.3",
            id="a-median",
        ),
        pytest.param(
            lambda it: it["metrics"]["response_ms"]["values"].pop(),
            "\n  Opening hours: response_ms.n is 3, with 2 values of 3 calls",
            id="a-value-taken-away",
        ),
        pytest.param(
            lambda it: it.update(passed_calls=2),
            "\n  Opening hours: passed_calls is 2, and 3 passed",
            id="how-many-passed",
        ),
        pytest.param(lambda it: it.update(name="Hours"), "", id="a-name"),
        pytest.param(lambda it: it["fingerprint"].update(audio_sha256="b" * 64), "", id="a-hash"),
        pytest.param(lambda it: it["calls"][0]["rig"].update(late_max_ms=1), "", id="the-rig"),
    ],
)
def test_what_was_edited_by_hand_is_refused(
    edit: Callable[[dict[str, Any]], object], evidence: str
) -> None:
    said = "base.json was changed after it was written: its digest is not that of its content."

    assert refusal(json.dumps(edited(edit)).encode()) == said + AS_WRITTEN + evidence


def test_figures_that_are_not_those_of_their_values_are_refused_with_the_right_digest() -> None:
    data = sealed(edited(lambda it: it["metrics"]["response_ms"].update(median=500)))

    assert refusal(data) == (
        "base.json contradicts itself."
        + AS_WRITTEN
        + "\n  Opening hours: response_ms.median is 500, that of its values 650.3"
    )


def test_a_document_of_another_shape_is_refused() -> None:
    data = sealed(edited(lambda it: it.pop("metrics")))

    assert refusal(data) == (
        "base.json has not the shape of results.json."
        + GIVE
        + "\n  scenarios.0.metrics: Field required"
    )


@pytest.mark.parametrize(
    ("what", "verdict"),
    [
        pytest.param(run(verdict=Verdict.ERROR), "error", id="the-bot-never-listened"),
        pytest.param(
            run(
                scenario(call(1, Verdict.INCONCLUSIVE), verdict=Verdict.INCONCLUSIVE),
                verdict=Verdict.INCONCLUSIVE,
            ),
            "inconclusive",
            id="a-machine-too-slow",
        ),
    ],
)
def test_a_baseline_without_values_is_refused(what: Any, verdict: str) -> None:
    assert refusal(file_of(what)) == (
        "base.json holds no values: no call of that run could be judged "
        f"(it ended as {verdict}).\n  Fix: keep the results.json of a run that passed."
    )


def test_a_new_run_without_values_is_read_for_it_is_only_not_comparable() -> None:
    assert read_run(file_of(run(verdict=Verdict.ERROR)), "new.json").scenarios == ()


@pytest.mark.parametrize(
    "laid_out",
    [
        pytest.param(lambda text: text, id="as-written"),
        pytest.param(lambda text: "\ufeff" + text.replace("\n", "\r\n"), id="bom-and-crlf"),
        pytest.param(lambda text: json.dumps(json.loads(text), sort_keys=True), id="anew"),
    ],
)
def test_a_file_that_was_only_laid_out_anew_is_whole(laid_out: Callable[[str], str]) -> None:
    data = laid_out(file_of(WHOLE).decode()).encode()

    assert read_baseline(data, "base.json") == read_baseline(file_of(WHOLE), "base.json")


def test_names_that_utf_8_cannot_carry_do_not_break_the_digest() -> None:
    what = run(answered(640.0, name="caf\udce9 \x7f\x9b \U0001f600"))

    assert read_baseline(file_of(what), "base.json").scenarios[0].judged == 1


def test_the_file_says_what_the_run_itself_says_in_a_comparison() -> None:
    what = run(
        scenario(
            call(1, response_ms=(640.04, 2210.19), stop_ms=(420.0,)),
            call(2, Verdict.FAILED, {"barge_in_ok": (1, 3)}, barge_in_ok=(1 / 3,)),
            call(3, Verdict.INCONCLUSIVE, response_ms=(9999.0,)),
            call(4, rig=Rig(starved=0.25004), response_ms=(3000.0,)),
            call(5, rig=Rig(starved=0.25006), response_ms=(4000.0,)),
            call(6, rig=Rig(stolen=0.9), stop_ms=(5000.0,), greeting_ms=(5000.0,)),
            verdict=Verdict.FAILED,
        ),
        scenario(name="Persona", verdict=Verdict.SKIPPED, fingerprint=None, reason="a persona"),
    )

    assert read_run(file_of(what), "this run") == measured(what)
