"""The library that GitHub draws with takes every picture, and draws what was meant."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree  # type: ignore[import-untyped]  # It ships no types.
from pipecat_voice_test.measurement.results import CallResult, Verdict
from pipecat_voice_test.report.summary.mermaid import gantt
from pipecat_voice_test.report.view.build import call_view
from pipecat_voice_test.scenario.limits import METRICS
from playwright.sync_api import Browser, Page

from report.runs import FAILED_CALL, LATE, result
from report.summary.test_mermaid import talk

MERMAID = os.environ.get("PVT_MERMAID", "")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not MERMAID, reason="PVT_MERMAID names no mermaid.min.js (see .ci/run)"),
]

_DRAW = """async (text) => {
  document.body.innerHTML = "<div id='here'></div>";
  const { svg } = await mermaid.render("picture", text, document.getElementById("here"));
  return svg;
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page as wide as GitHub's job summary, with the library and no network."""
    context = browser.new_context(viewport={"width": 900, "height": 600}, offline=True)
    page = context.new_page()
    page.set_content("<!DOCTYPE html><body></body>")
    page.add_script_tag(path=MERMAID)
    page.evaluate("mermaid.initialize({ startOnLoad: false, securityLevel: 'strict' })")
    yield page
    context.close()


def drawn(page: Page, what: CallResult) -> Any:
    text = gantt(what, call_view(result(Verdict.FAILED, what), what))
    assert text
    return etree.fromstring(page.evaluate(_DRAW, text).replace("<br>", "<br/>").encode())


def texts(svg: Any) -> list[str]:
    return ["".join(one.itertext()) for one in svg.iter("{*}text")]


def bars(svg: Any, look: str) -> list[Any]:
    pattern = re.compile(rf"\btask\b.*{look}\d")
    return [one for one in svg.iter("{*}rect") if pattern.search(one.get("class", ""))]


def test_it_draws_lanes_with_seconds_below_and_the_failure_in_red(page: Page) -> None:
    svg = drawn(page, FAILED_CALL)
    caller, failed = bars(svg, "active"), bars(svg, "crit")

    assert {"0 s", "2 s", "14 s"} <= set(texts(svg))
    assert {"caller", "bot", "✗ 1", "✗ response 2210 ms, limit 1500"} <= set(texts(svg))
    assert len(caller) == 1
    assert len(failed) == 3
    whole = max(float(one.get("width")) for one in svg.iter("{*}rect") if one.get("id"))
    assert float(caller[0].get("width")) == pytest.approx(whole * 1300 / 15_000, rel=0.02)


def test_all_that_one_side_says_is_in_one_row(page: Page) -> None:
    rows = {float(one.get("y")) for one in bars(drawn(page, talk(8, LATE)), "active")}

    assert len(rows) == 1


def test_it_takes_every_label(page: Page) -> None:
    for metric in [*METRICS, "section", "call_ended_ms", "mark"]:
        svg = drawn(page, talk(3, replace(LATE, metric=metric, value=None, turn=1, at_ms=7000.0)))
        assert len(bars(svg, "crit")) == 1, metric


@pytest.mark.parametrize("turns", [40, 1000])
def test_it_takes_long_calls(page: Page, turns: int) -> None:
    svg = drawn(page, talk(turns, replace(LATE, turn=3, at_ms=17_000.0)))

    assert "✗ 1" in texts(svg)


def test_it_takes_a_call_of_hundreds_of_bursts(page: Page) -> None:
    assert drawn(page, talk(400, replace(LATE, turn=3, at_ms=900.0), every_ms=140.0)) is not None
