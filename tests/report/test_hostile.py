"""What a bot, a scenario or a file name says cannot forge, break or speak through a report.

Each report of a run with a hostile text in every place has the same structure as that of a run
with a calm one: only what stands in it differs.
"""

import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from lxml import etree, html  # type: ignore[import-untyped]  # It ships no types.
from markdown_it import MarkdownIt
from pipecat_voice_test.github.annotations import annotations
from pipecat_voice_test.github.bot_log import log_group
from pipecat_voice_test.github.outputs import as_file, outputs_of
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.ctrf import ctrf_json
from pipecat_voice_test.report.events import events_jsonl
from pipecat_voice_test.report.files import SLUG_CHARACTERS, unused_slug
from pipecat_voice_test.report.junit.cases import Family, junit_xml
from pipecat_voice_test.report.page.compared import comparison_html
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.results_json import results_json, results_schema
from pipecat_voice_test.report.summary.markdown import SUMMARY_BYTES, summary_md
from pipecat_voice_test.report.terminal.closing import closing_lines
from pipecat_voice_test.report.text import one_line, valid_text
from pipecat_voice_test.report.write import ResultsFolder

from report.hostile import (
    CALM,
    HUGE,
    STRINGS,
    spoilt_comparison,
    spoilt_run,
    spoilt_side,
    spoilt_timeline,
)
from report.runs import LATE, call, place_of, result, run

EVERY_TEXT = pytest.mark.parametrize("text", STRINGS.values(), ids=STRINGS)
JUNIT_XSD = os.environ.get("PVT_JUNIT_XSD", "")
CTRF_SCHEMA = os.environ.get("PVT_CTRF_SCHEMA", "")
Json = Any


def calm_beside(text: str) -> str:
    """A harmless text that is as much to be seen as this one: of nothing, nothing is told."""
    return CALM if one_line(text) else ""


def rendered(render: Callable[..., str], text: str, **more: Any) -> str:
    run = spoilt_run(text)
    return render(run, place_of(run), **more)


def assert_nothing_acts(lines: list[str]) -> None:
    """Neither a terminal nor a CI system takes anything in these lines for a command."""
    for line in lines:
        unseen = [c for c in line if c != "\t" and unicodedata.category(c) in ("Cc", "Cs")]
        assert not unseen, line[:200]
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\u2029]", line), line[:200]
        assert not line.lstrip().startswith("::"), line[:200]
        assert not re.search(r"##(vso|teamcity)?\[", line), line[:200]


# --- JUnit --------------------------------------------------------------------------------


def marked(root: Json) -> list[str]:
    """What Jenkins and GitLab obey in the output: whole lines of attachments and properties."""
    lines = [line for out in root.iter("system-out") for line in (out.text or "").split("\n")]
    found = [line.strip() for line in lines if line.strip().startswith("[[")]
    return [line.split("=")[0] if "PROPERTY" in line else line for line in found]


@EVERY_TEXT
@pytest.mark.parametrize("family", ["extended", "strict"])
def test_junit_keeps_its_shape(family: Family, text: str) -> None:
    calm, root = (
        etree.fromstring(rendered(junit_xml, one, family=family).encode())
        for one in (calm_beside(text), text)
    )

    assert [(e.tag, sorted(e.attrib)) for e in root.iter()] == [
        (e.tag, sorted(e.attrib)) for e in calm.iter()
    ]
    assert marked(root) == marked(calm)
    if JUNIT_XSD and family == "strict":
        schema = etree.XMLSchema(etree.parse(JUNIT_XSD))
        assert schema.validate(root), schema.error_log


# --- JSON ---------------------------------------------------------------------------------


def strict(text: str) -> Json:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text.encode(), parse_constant=refuse)


def keys_of(value: Json) -> Json:
    """The keys of a document at every depth, without what they hold."""
    if isinstance(value, dict):
        return {key: keys_of(one) for key, one in value.items()}
    if isinstance(value, list):
        return [keys_of(one) for one in value if isinstance(one, dict | list)]
    return None


@EVERY_TEXT
def test_results_json_says_what_was_said(text: str) -> None:
    document = strict(rendered(results_json, text))
    validator = Draft202012Validator(results_schema())

    assert [error.message[:500] for error in validator.iter_errors(document)] == []
    assert {one["name"] for one in document["scenarios"]} == {valid_text(text)}
    assert document["verdict"] == "failed"


@EVERY_TEXT
def test_ctrf_keeps_its_shape(text: str) -> None:
    calm, document = (strict(rendered(ctrf_json, one)) for one in (calm_beside(text), text))
    tests = document["results"]["tests"]
    paths = [one["path"] for test in tests for one in test.get("attachments", [])]

    assert keys_of(document) == keys_of(calm)
    assert all(path.startswith("voice-test-results/s") for path in paths)
    assert document["results"]["summary"] == calm["results"]["summary"]
    if CTRF_SCHEMA:
        Draft7Validator(json.loads(Path(CTRF_SCHEMA).read_text("utf-8"))).validate(document)


@EVERY_TEXT
def test_events_stay_one_a_line(text: str) -> None:
    lines = events_jsonl(spoilt_timeline(text)).split("\n")
    calm = events_jsonl(spoilt_timeline(CALM if text else "")).split("\n")

    assert [sorted(strict(line)) for line in lines[:-1]] == [
        sorted(strict(line)) for line in calm[:-1]
    ]
    assert not re.search("[^\x20-\x7e]", "".join(lines))


# --- Markdown -----------------------------------------------------------------------------

# What is part of running text, or another line of it.
_FLOW = {"text", "softbreak", "inline", "list_item_open", "list_item_close"}
_FLOW |= {"paragraph_open", "paragraph_close"}


def structure(markdown: str) -> Counter[tuple[str, str]]:
    """The elements of a Markdown text that say something by themselves."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = [one for token in parser.parse(markdown) for one in (token, *(token.children or ()))]
    return Counter(
        (one.type, one.content if one.type in ("fence", "html_block") else one.tag)
        for one in tokens
        if one.type not in _FLOW
    )


@EVERY_TEXT
def test_the_summary_keeps_its_shape(text: str) -> None:
    calm, summary = rendered(summary_md, calm_beside(text)), rendered(summary_md, text)
    found = structure(summary)

    assert len(summary.encode()) <= SUMMARY_BYTES
    assert found == structure(calm)
    assert {kind for kind, _ in found}.isdisjoint({"link_open", "image", "hr", "html_inline"})
    assert_nothing_acts(summary.split("\n"))


def test_every_picture_of_a_summary_is_the_same_whatever_is_said() -> None:
    pictures = {
        text: re.findall("```mermaid\n.*?```", rendered(summary_md, text), re.DOTALL)
        for text in STRINGS.values()
        if text != HUGE
    }

    assert len(pictures[""]) == 2
    assert all(found == pictures[""] for found in pictures.values())


# --- terminal, log and GitHub -------------------------------------------------------------


@EVERY_TEXT
def test_the_terminal_shows_lines_and_obeys_none(text: str) -> None:
    run = spoilt_run(text)
    lines = closing_lines(run, place_of(run))

    assert_nothing_acts(lines)
    assert sum(map(len, lines)) < 200_000


@EVERY_TEXT
def test_annotations_are_ours_and_as_many_as_ever(text: str) -> None:
    calm, notes = (
        [str(one) for one in annotations(run, place_of(run))]
        for run in (spoilt_run(CALM), spoilt_run(text))
    )
    form = re.compile(r"::(error|warning) ((?:file|line|title)=[^,:\n]*,?)*::[^\n\r]*")

    assert [note for note in notes if not form.fullmatch(note)] == []
    assert [note.split(" ")[0] for note in notes] == [note.split(" ")[0] for note in calm]
    assert max(map(len, notes)) < 20_000


@EVERY_TEXT
def test_outputs_are_those_of_the_action(text: str) -> None:
    run = spoilt_run(text)
    outputs = outputs_of(run, place_of(run), 1, lambda _: True)
    delimiters = iter(f"delimiter-{number}" for number in range(1000))
    written = as_file(outputs, lambda: next(delimiters))
    read = re.findall(r"^([a-z-]+)<<(delimiter-\d+)\n(.*?)\n\2$", written, re.DOTALL | re.MULTILINE)

    assert [name for name, _, _ in read] == list(outputs)
    assert outputs["result"] == "failed"
    assert outputs["failed"] == "1"


@EVERY_TEXT
def test_a_bots_log_never_ends_the_silence_of_the_commands(text: str) -> None:
    lines = log_group(spoilt_run(text), f"{text}\n::token::\n{text}", "token")

    assert lines[1] == "::stop-commands::token"
    assert lines.index("::token::") == len(lines) - 2
    assert_nothing_acts(lines[2:-2])


# --- the pages ----------------------------------------------------------------------------

# What runs, loads or leads somewhere.
_ACTIVE = {"a", "audio", "base", "button", "embed", "form", "iframe", "img", "input", "link"}
_ACTIVE |= {"meta", "object", "script", "source", "style", "svg", "template", "title", "video"}


def page_of(text: str, folder: Path) -> bytes:
    """The page that a run leaves, of files that lie on disk."""
    whole = spoilt_run(text)
    spoilt = replace(whole, scenarios=whole.scenarios[::2])  # The others look like these.
    written = ResultsFolder(Path("out"), working=folder)
    for one in spoilt.scenarios:
        for held in one.calls:
            written.write_call(written.slug(one.scenario), held)
    written.write_page(spoilt, written.write_run(spoilt), AudioBudget())
    return (written.path / "report.html").read_bytes()


def compare_page_of(text: str) -> bytes:
    side = spoilt_side(text)
    return b"".join(comparison_html(side, side, spoilt_comparison(text)))


def attributes(root: Json) -> Iterator[tuple[str, str, str]]:
    for element in root.iter(etree.Element):
        for name, value in element.attrib.items():
            yield element.tag, name.lower(), value


def assert_page_is_harmless(page: bytes, calm: bytes) -> None:
    root, beside = (html.document_fromstring(one.decode("utf-8")) for one in (page, calm))

    assert Counter(e.tag for e in root.iter(*_ACTIVE) if e.tag != "a") == Counter(
        e.tag for e in beside.iter(*_ACTIVE) if e.tag != "a"
    )
    for script in root.iter("script"):
        if script.get("type") == "application/json":
            strict(script.text)
    ours = {script.text for script in beside.iter("script") if script.get("type") is None}
    assert {script.text for script in root.iter("script") if script.get("type") is None} == ours
    assert {style.text for style in root.iter("style")} == {s.text for s in beside.iter("style")}
    assert {name for _, name, _ in attributes(root) if name.startswith("on")} == set()
    links = [value for _, name, value in attributes(root) if name in ("href", "src", "action")]
    leading = re.compile(r"\s*[a-z][a-z0-9+.-]*:|\s*//|.*\.\./", re.IGNORECASE)
    assert [one for one in links if leading.match(one) and one != "data:,"] == []
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", page.decode("utf-8"))


@pytest.fixture(scope="module")
def calm_page(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return page_of(CALM, tmp_path_factory.mktemp("calm"))


@EVERY_TEXT
def test_the_page_runs_and_loads_nothing_but_its_own_and_all_stays_in_the_folder(
    text: str, calm_page: bytes, tmp_path: Path
) -> None:
    page, out = page_of(text, tmp_path), tmp_path / "out"

    assert_page_is_harmless(page, calm_page)
    assert len(page) < 20_000_000
    assert [path for path in tmp_path.rglob("*") if out not in (path, *path.parents)] == []
    ResultsFolder(Path("out"), working=tmp_path)  # Refuses reports that are not its own.
    assert list(out.rglob("*")) == []


@EVERY_TEXT
def test_the_page_of_a_comparison_is_as_harmless(text: str) -> None:
    page = compare_page_of(text)

    assert_page_is_harmless(page, compare_page_of(CALM))
    assert len(page) < 1_000_000


@EVERY_TEXT
def test_a_folders_name_works_on_every_disk(text: str) -> None:
    slug = unused_slug(text, set())

    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", slug)
    assert len(slug) <= SLUG_CHARACTERS
    assert slug not in {"con", "com1", "nul"}


def test_a_secret_that_a_check_quotes_is_masked() -> None:
    quoting = replace(LATE, message="protocol was 1, limit 0: no message: token=hunter2hunter2")
    what = run(result(Verdict.FAILED, call(verdict=Verdict.FAILED, checks=(quoting,))))
    place = place_of(what)
    told = [junit_xml(what, place), ctrf_json(what, place), summary_md(what, place)]
    told += ["\n".join(closing_lines(what, place)), *map(str, annotations(what, place))]

    assert all("no message: token=" in text for text in told)
    assert [text for text in told if "hunter2" in text] == []
