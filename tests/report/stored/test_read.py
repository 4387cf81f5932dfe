"""A run that was read back renders to the reports that were made when it ended."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from measurement.comparison.runs import answered, document_of, sealed
from measurement.comparison.runs import run as compared_run
from pipecat_voice_test import __version__
from pipecat_voice_test.errors import ExitCode, ResultsError
from pipecat_voice_test.measurement.repeats.whole_run import whole_run_checks
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.comparison import comparison_lines, rows
from pipecat_voice_test.report.ctrf import ctrf_json
from pipecat_voice_test.report.files import CallFiles, Files, Place
from pipecat_voice_test.report.junit.cases import Family, junit_xml
from pipecat_voice_test.report.page.page import page_html
from pipecat_voice_test.report.results_json import results_json
from pipecat_voice_test.report.stored.read import read_stored
from pipecat_voice_test.report.summary.markdown import summary_md
from pipecat_voice_test.report.text import valid_text
from pipecat_voice_test.report.view.model import Evidence

from report.runs import HOSTILE, OUTPUT, VERSION, WORKING, call, place_of, result, run
from report.stored.runs import EVERY_RUN, kept, read_back, with_sources

VERSIONS = {"pipecat-voice-test": VERSION}
every_run = pytest.mark.parametrize("what", EVERY_RUN.values(), ids=EVERY_RUN)


@every_run
def test_results_json_of_what_was_read_is_the_same_document(what: RunResult) -> None:
    stored = read_back(what)
    place = Place(WORKING, OUTPUT, stored.files)

    assert stored.version == VERSION
    assert stored.files == place_of(what).files
    assert results_json(stored.run, place, version=stored.version) == results_json(
        what, place_of(what), version=VERSION
    )


@every_run
@pytest.mark.parametrize("family", ["extended", "strict"])
def test_junit_xml_of_what_was_read_is_the_same(what: RunResult, family: Family) -> None:
    stored = read_back(what)
    place = Place(WORKING, OUTPUT, stored.files)

    assert junit_xml(stored.run, place, family=family, versions=VERSIONS) == junit_xml(
        kept(what), place_of(what), family=family, versions=VERSIONS
    )


@every_run
def test_summary_comparison_and_ctrf_of_what_was_read_are_the_same(what: RunResult) -> None:
    stored, live = read_back(what), kept(what)
    place = Place(WORKING, OUTPUT, stored.files)

    assert valid_text(summary_md(stored.run, place)) == valid_text(summary_md(live, place_of(what)))
    assert ctrf_json(stored.run, place, version=VERSION) == ctrf_json(
        live, place_of(what), version=VERSION
    )
    assert (stored.run.compared is None) == (live.compared is None)
    if stored.run.compared is not None and live.compared is not None:
        assert comparison_lines(stored.run.compared) == comparison_lines(live.compared)
        assert list(rows(stored.run.compared.comparisons)) == list(rows(live.compared.comparisons))


class NothingLeft:
    """A shelf from which all files are gone."""

    def evidence(self, _: CallFiles) -> Evidence:
        return Evidence()

    def log(self, _: str) -> str:
        return ""


@every_run
def test_the_page_of_what_was_read_is_the_same(what: RunResult) -> None:
    """Whatever of the files is left: it is the same for both."""
    stored = read_back(what)
    place = Place(WORKING, OUTPUT, stored.files)

    assert list(page_html(stored.run, place, NothingLeft())) == list(
        page_html(kept(what), place_of(what), NothingLeft())
    )


@every_run
def test_gates_over_the_whole_run_come_out_the_same_m21a(what: RunResult) -> None:
    """Unrounded values, whose answers may be slow, and what of a scenario counts are all kept."""
    stored = read_back(what)

    assert whole_run_checks(stored.run.scenarios) == whole_run_checks(kept(what).scenarios)


def test_a_median_that_is_just_too_long_is_not_rounded_into_a_pass() -> None:
    """METRICS 8: comparisons use the unrounded value, also in a run that was read back."""
    what = run(result(Verdict.PASSED, call(metrics={"response_ms": (1500.001,) * 5})))
    (check,) = whole_run_checks(read_back(what).run.scenarios)

    assert (check.verdict, check.value) == (Verdict.FAILED, 1500.001)


def test_what_a_reader_needs_is_read(tmp_path: Path) -> None:
    stored = read_back(with_sources())
    first, _, third, _ = (one.scenario for one in stored.run.scenarios)

    assert (first.file, first.line_number, first.tags) == (Path("a.yaml"), 3, ("a", "b"))
    assert first.source == "name: a\ncall: {parameters: {token: ***}}\n"
    assert (third.file, third.source.count("\n")) == (Path("b.yaml"), HOSTILE.count("\n"))
    assert stored.run.scenarios[0].calls[0].turns == ()


def test_the_log_is_what_lies_on_disk_now() -> None:
    what = run(result(Verdict.PASSED, call(bot_log="then")))
    data = results_json(what, place_of(what)).encode()

    stored = read_stored(data, "results.json", {"s0/call-1/bot.log": "now"}.__getitem__)
    assert stored.run.scenarios[0].calls[0].bot_log == "now"


# --- files that are refused ---------------------------------------------------------------

WHOLE = document_of(compared_run(answered(640.0, 650.26, 660.0)))
GIVE = "\n  Fix: give the results.json that a run left in its output folder."
USE = "\n  Fix: use the version that wrote it, or make the run again with this one."


def edited(edit: Callable[[Any], object]) -> Any:
    document = json.loads(json.dumps(WHOLE))
    edit(document)
    return document


def naming(path: str) -> bytes:
    return sealed(edited(lambda it: it["scenarios"][0]["calls"][0]["files"].update(recording=path)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(
            b"<testsuites/>",
            "r.json is not JSON: Expecting value: line 1 column 1 (char 0)." + GIVE,
            id="no-json",
        ),
        pytest.param(
            b'{"tool": {"name": "other"}}',
            "r.json was not written by pipecat-voice-test." + GIVE,
            id="of-another-tool",
        ),
        pytest.param(
            b'{"tool": {"name": "pipecat-voice-test"},\n"schema": 1,',
            "r.json breaks off in line 2: it is not whole.\n  Fix: copy it again from where it "
            "was kept; a full disk or a job that was stopped does it.",
            id="truncated",
        ),
        pytest.param(
            sealed(WHOLE | {"schema": 2}),
            f"r.json has schema 2 (pipecat-voice-test {__version__}), "
            f"and {__version__} reads schema 1." + USE,
            id="another-schema",
        ),
        pytest.param(
            sealed({key: value for key, value in WHOLE.items() if key != "sources"}),
            f"r.json was written by pipecat-voice-test {__version__}, "
            "which kept too little to make reports of." + USE,
            id="of-an-earlier-version",
        ),
        pytest.param(
            json.dumps(
                edited(lambda it: it["scenarios"][0]["metrics"]["response_ms"].update(median=500))
            ).encode(),
            "r.json was changed after it was written: its digest is not that of its content."
            "\n  Fix: take the file as the run wrote it: reports of other figures would be of a "
            "run that nobody made."
            "\n  Opening hours: response_ms.median is 500, that of its values 650.3",
            id="edited-by-hand",
        ),
        pytest.param(
            sealed(edited(lambda it: it["scenarios"][0]["calls"][1].pop("rig"))),
            "r.json has not the shape of results.json."
            + GIVE
            + "\n  scenarios.0.calls.1.rig: Field required",
            id="another-shape",
        ),
        pytest.param(
            sealed(WHOLE | {"exit_code": 137, "duration_ms": 1e300}),
            "r.json has not the shape of results.json."
            + GIVE
            + "\n  duration_ms: Input should be less than or equal to 3200000000000"
            + "\n  exit_code: Input should be less than or equal to 7",
            id="figures-that-are-none",
        ),
        *(
            pytest.param(
                naming(path),
                f"r.json names a file that cannot lie beside it: {path!r}." + GIVE,
                id=f"names-{name}",
            )
            for name, path in {
                "one-above": "../call.wav",
                "one-above-later": "a/../../call.wav",
                "an-absolute-one": "/etc/passwd",
                "a-drive": "C:/call.wav",
                "a-url": "https://example.test/call.wav",
                "a-forged-attachment": "a]]\n[[ATTACHMENT|b",
                "nothing": "",
            }.items()
        ),
    ],
)
def test_what_no_report_can_be_made_of_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ResultsError) as refused:
        read_stored(data, "r.json", str)

    assert refused.value.exit_code == ExitCode.USAGE
    assert str(refused.value) == said


def test_keys_of_a_later_version_are_passed_over() -> None:
    later = edited(lambda it: it["scenarios"][0]["calls"][0].update(mood="good"))

    assert read_stored(sealed(later), "r.json", str).run.scenarios[0].scenario.name


def test_a_call_without_files_has_none() -> None:
    files: Files = read_stored(sealed(WHOLE), "r.json", str).files

    assert [one.written() for one in files.values()] == [[], [], []]
