"""A page, read as a browser without script reads it."""

import json
import re
from typing import Any

from lxml import html  # type: ignore[import-untyped]  # It ships no types.
from pipecat_voice_test.measurement.results import RunResult
from pipecat_voice_test.report.files import CallFiles
from pipecat_voice_test.report.page.page import page_html
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.view.model import Evidence

from report.runs import VERSION, place_of

Element = Any  # lxml ships no types.


class EmptyShelf:
    """All files have gone."""

    def evidence(self, files: CallFiles) -> Evidence:
        return Evidence()

    def log(self, path: str) -> str:
        return ""


def page_of(run: RunResult, audio: AudioBudget | None = None) -> bytes:
    """The page of a run whose files have gone."""
    blocks = page_html(run, place_of(run), EmptyShelf(), audio or AudioBudget(), version=VERSION)
    return b"".join(blocks)


def read(page: bytes) -> Element:
    return html.document_fromstring(page.decode())


def all_of(page: Element, css: str) -> list[Element]:
    """Elements by tag and classes: `li.fault`, `.call-data`, `section`."""
    tag, *classes = css.split(".")
    tests = "".join(
        f"[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]" for name in classes
    )
    found: list[Element] = page.xpath(f"//{tag or '*'}{tests}")
    return found


def text_of(element: Element) -> str:
    """What is read out: on one line."""
    return re.sub(r"\s+", " ", element.text_content()).strip()


def data_of(page: Element, call: str) -> dict[str, Any]:
    (found,) = (one for one in all_of(page, "script.call-data") if one.get("data-call") == call)
    data: dict[str, Any] = json.loads(found.text_content())
    return data
