"""The page as its reader has it: opened from disk, looked at, listened to, used by keyboard.

Calls are real ones with the demo bot's mind; the page is the one that a run writes.
"""

import base64
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.view.evidence import read_evidence
from playwright.sync_api import Browser, ViewportSize, expect

from report.page.opened import PHONE, Opened, opened, take_picture
from report.page.real_calls import INTERRUPTING, Case, results

pytestmark = pytest.mark.browser

GOOD = "1-1"
LEAD_S = 0.5  # What is heard before a failure.
LOG = [(-120.0, "ready"), (310.0, "greeting"), (4000.0, "tool: opening_hours"), (9000.0, "bye")]
CASES = [
    Case("Ask", log=LOG),
    Case('"Interrupt the answer"', INTERRUPTING, ("--fault", "breaks-up=700"), log=LOG),
    Case("Interrupt in time", INTERRUPTING, ("--fault", "slow-yield=1500"), log=LOG),
]
SCRIPT = "<script>window.pwned = 1</script>"
HOSTILE = [
    f"</script>{SCRIPT}",
    f'"><img src=x onerror="window.pwned = 1">{SCRIPT}',
    f"--><!--<script>{SCRIPT}",
    "`${window.pwned = 1}`'\\u003cscript\\u003e",
    "\u202egnp.exe \u2066]]> \x1b[31mred\x07 \ud800 {{ 7 * 7 }}",
    "javascript:window.pwned=1",
    "wide-" * 200,
]


@dataclass(frozen=True, slots=True)
class Faulty:
    """A page of a good call and two bad ones, and what it knows of each.

    Attributes:
        worst: Id of the call at which it opens.
        other: Of the other bad one.
    """

    path: Path
    data: dict[str, Any]
    worst: str
    other: str


def data_of(html: str, call: str) -> Any:
    found = re.search(rf'<script [^>]*class="call-data"[^>]*data-call="{call}"[^>]*>(.*?)<', html)
    assert found
    return json.loads(found[1])


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Faulty:
    path, _ = results(CASES, tmp_path_factory.mktemp("faulty"))
    html = path.read_text()
    found = re.search(r'data-worst-call="(\d-\d)"', html)
    assert found
    other = next(call for call in ("2-1", "3-1") if call != found[1])
    data = {call: data_of(html, call) for call in ("1-1", "2-1", "3-1")}
    return Faulty(path, data, found[1], other)


@pytest.fixture(scope="module")
def tab(browser: Browser, faulty: Faulty) -> Iterator[Opened]:
    with opened(browser, faulty.path) as one:
        yield one


@pytest.fixture
def page(tab: Opened, faulty: Faulty) -> Iterator[Opened]:
    """The page, opened anew."""
    tab.open(faulty.path)
    yield tab
    tab.has_kept_its_promises()


def worst_s(faulty: Faulty) -> float:
    return float(faulty.data[faulty.worst]["worst_ms"]) / 1000


def test_the_page_opens_at_the_worst_failure(page: Opened, faulty: Faulty) -> None:
    expect(page.slider(faulty.worst)).to_be_in_viewport()
    expect(page.player(faulty.worst).locator(".pin.sought")).to_have_count(1)

    assert page.at_s(faulty.worst) == pytest.approx(worst_s(faulty) - LEAD_S, abs=0.06)
    assert page.page.url.endswith("report.html")  # No second that was not asked for.


def test_the_scripts_do_not_wait_for_the_recordings(faulty: Faulty) -> None:
    """A browser reads 20 MB of them for longer than all the rest; the page is alive before."""
    html = faulty.path.read_text()

    assert html.rindex('"use strict"') < html.index('class="call-audio"')


def test_a_recording_in_the_page_is_heard_on_both_sides(page: Opened, faulty: Faulty) -> None:
    """It plays, the caller on the left, the bot on the right, as call.wav has it (P-71)."""
    data = faulty.data[faulty.worst]
    page.player(faulty.worst).get_by_role("button", name="Play", exact=True).click()
    expect(page.player(faulty.worst).get_by_role("button", name="Pause")).to_be_visible()

    assert page.plays_on()
    assert page.media("duration") == pytest.approx(data["duration_ms"] / 1000, abs=0.05)
    embedded = page.page.locator(f'script.call-audio[data-call="{faulty.worst}"]').text_content()
    assert embedded
    decoded = page.page.evaluate(_DECODE, embedded.strip())
    wav = (faulty.path.parent / data["audio"]["file"]).read_bytes()
    kept = read_evidence(wav, b"", "")
    for channel, lane in zip(decoded, (kept.said, kept.heard), strict=True):
        heard = np.frombuffer(base64.b64decode(channel), np.float32)
        assert _loudness(heard) == pytest.approx(_loudness(lane / 32768), abs=0.01)


_DECODE = """async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const audio = await new OfflineAudioContext(2, 8000, 8000).decodeAudioData(bytes.buffer);
  const text = (floats) => {
    const view = new Uint8Array(floats.buffer);
    const parts = [];
    for (let i = 0; i < view.length; i += 8192) parts.push(view.subarray(i, i + 8192));
    return btoa(parts.map((part) => String.fromCharCode(...part)).join(""));
  };
  return [0, 1].map((channel) => text(audio.getChannelData(channel)));
}"""


def _loudness(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Effective value of each tenth of a second."""
    whole = np.asarray(samples, np.float64)[: len(samples) // 800 * 800]
    return np.asarray(np.sqrt((whole.reshape(-1, 800) ** 2).mean(axis=1)))


def test_playing_lights_the_rows_of_its_second(page: Opened, faulty: Faulty) -> None:
    page.page.keyboard.press("Space")

    assert page.plays_on()
    # Asked in one go: while it plays, rows go out between one question and the next.
    page.page.wait_for_function(
        """(call) => {
          const now = window.played.at(-1).currentTime * 1000;
          const lit = [...document.querySelectorAll(`#call-${call} .at.lit`)];
          return lit.length > 0 && lit.every((row) => row.ariaCurrent === "time"
            && Number(row.dataset.atMs) <= now + 200);
        }""",
        arg=faulty.worst,
    )


def test_only_one_call_plays(page: Opened, faulty: Faulty) -> None:
    page.page.keyboard.press("Space")
    assert page.plays_on()
    open_call(page, GOOD)

    page.player(GOOD).get_by_role("button", name="Play", exact=True).click()

    assert page.plays_on()
    expect(page.player(faulty.worst).get_by_role("button", name="Play", exact=True)).to_have_count(
        1
    )


def open_call(page: Opened, call: str) -> None:
    """Unfold a call, as its reader does."""
    page.page.evaluate(
        """(id) => { const box = document.querySelector(`#call-${id} .player`);
        for (let at = box.closest("details"); at; at = at.parentElement.closest("details"))
          at.open = true;
        box.scrollIntoView(); }""",
        call,
    )
    expect(page.slider(call)).to_be_visible()


def test_a_failed_check_is_a_link_to_its_second(page: Opened, faulty: Faulty) -> None:
    at = round(faulty.data[faulty.other]["worst_ms"])
    link = page.page.locator(f'a.seek[data-call="{faulty.other}"][data-at-ms="{at}"]:visible').first

    link.click()

    expect(page.slider(faulty.other)).to_be_in_viewport()
    expect(page.slider(faulty.other)).to_be_focused()
    expect(page.slider(faulty.other)).to_have_attribute("aria-valuetext", re.compile(r"speak"))
    assert page.at_s(faulty.other) == pytest.approx(at / 1000 - LEAD_S, abs=0.06)
    assert page.page.url.endswith(f"#call-{faulty.other}@{at}")
    expect(page.page.get_by_role("status")).to_contain_text(f"at {at / 1000:.1f} s: ")
    assert not page.media("paused === false")  # Nothing plays by itself …
    page.page.keyboard.press("Space")
    assert page.plays_on()  # … but by one key.


def test_the_line_of_the_scenario_that_was_missed_is_lit(page: Opened, faulty: Faulty) -> None:
    missed = next(m for m in faulty.data[faulty.worst]["misses"] if m["line"] and m["at_ms"])
    page.page.locator(
        f'a.seek[data-call="{faulty.worst}"][data-at-ms="{round(missed["at_ms"])}"]'
    ).first.click()

    expect(page.page.locator(f'li.line.lit[data-line="{missed["line"]}"]')).to_have_count(1)


def test_a_link_to_a_second_can_be_shared(browser: Browser, faulty: Faulty) -> None:
    with opened(browser, faulty.path, f"#call-{GOOD}@2500") as one:
        expect(one.slider(GOOD)).to_be_in_viewport()
        assert one.at_s(GOOD) == pytest.approx(2.0, abs=0.06)
        one.page.reload()
        expect(one.slider(GOOD)).to_be_in_viewport()
        assert one.at_s(GOOD) == pytest.approx(2.0, abs=0.06)


def test_a_link_to_nowhere_does_no_harm(page: Opened, faulty: Faulty) -> None:
    for fragment in ("#call-9-9@100", "#call-1-1@x", "#<script>", "#figures", "#no-such-place"):
        page.open(faulty.path, fragment)

        expect(page.page.locator("#verdict")).to_be_attached()
        expect(page.page.locator(".pin.sought")).to_have_count(0)
        page.has_kept_its_promises()


def test_going_back_goes_to_the_second_before(page: Opened, faulty: Faulty) -> None:
    for key in ("n", "n"):
        page.page.keyboard.press(key)
    there = page.page.url
    page.page.keyboard.press("n")
    assert page.page.url != there

    page.page.go_back()

    expect(page.page).to_have_url(there)
    call, at = re.findall(r"#call-(\d-\d)@(\d+)", there)[0]
    expect(page.slider(call)).to_be_in_viewport()
    assert page.at_s(call) == pytest.approx(max(0, int(at) / 1000 - LEAD_S), abs=0.06)


STEPS = [
    ("ArrowRight", 1.0),
    ("Shift+ArrowRight", 5.0),
    ("ArrowLeft", -1.0),
    (".", 0.1),
    (",", -0.1),
    ("Shift+ArrowLeft", -5.0),
]


def test_keys_move_in_the_call(page: Opened, faulty: Faulty) -> None:
    end = faulty.data[faulty.worst]["duration_ms"] / 1000
    for key, by_s in STEPS:
        before = page.at_s(faulty.worst)

        page.page.keyboard.press(key)

        there = min(max(before + by_s, 0), end)
        for _ in range(100):  # The player says so as soon as it has drawn.
            if abs(page.at_s(faulty.worst) - there) <= 0.051:
                break
            page.page.wait_for_timeout(20)
        assert page.at_s(faulty.worst) == pytest.approx(there, abs=0.051), key


def test_what_scrolls_by_itself_keeps_its_keys(page: Opened, faulty: Faulty) -> None:
    page.page.set_viewport_size(PHONE)
    text = page.page.locator("ol.lines:visible").last
    text.focus()
    before = page.at_s(faulty.worst)

    page.page.keyboard.press("ArrowRight")

    page.page.wait_for_function("() => document.activeElement.scrollLeft > 0")
    assert page.at_s(faulty.worst) == before


def test_keys_go_through_all_failures_and_round(page: Opened, faulty: Faulty) -> None:
    seconds = [
        (call, at)
        for call in ("2-1", "3-1")
        for at in sorted({round(m["at_ms"]) for m in faulty.data[call]["misses"] if m["at_ms"]})
    ]
    start = seconds.index((faulty.worst, round(faulty.data[faulty.worst]["worst_ms"])))
    for step in range(1, len(seconds) + 1):
        call, at = seconds[(start + step) % len(seconds)]
        page.page.keyboard.press("n")
        expect(page.page).to_have_url(re.compile(rf"#call-{call}@{at}$"))
    page.page.keyboard.press("p")
    call, at = seconds[start - 1]
    expect(page.page).to_have_url(re.compile(rf"#call-{call}@{at}$"))


def test_the_keys_are_shown_on_request(page: Opened, faulty: Faulty) -> None:
    page.page.keyboard.press("?")
    expect(page.page.get_by_role("dialog", name="Keys")).to_be_visible()
    before = page.at_s(faulty.worst)
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Escape")

    expect(page.page.get_by_role("dialog", name="Keys")).to_be_hidden()
    assert page.at_s(faulty.worst) == before


def width_of_call(page: Opened, call: str) -> float:
    found = page.player(call).locator(".wave [part=wrapper]").bounding_box()
    assert found
    return found["width"]


def test_the_call_can_be_zoomed_and_fitted(page: Opened, faulty: Faulty) -> None:
    fitting = width_of_call(page, faulty.worst)
    page.player(faulty.worst).get_by_role("button", name="Zoom in").click()
    once = width_of_call(page, faulty.worst)
    page.page.keyboard.press("+")
    twice = width_of_call(page, faulty.worst)
    page.player(faulty.worst).locator(".wave").hover()
    page.page.keyboard.down("Control")
    page.page.mouse.wheel(0, -200)
    page.page.keyboard.up("Control")
    page.page.wait_for_function(
        "([id, width]) => document.querySelector(`.player[data-call='${id}'] .wave > div`)"
        ".shadowRoot.querySelector('.wrapper').clientWidth > width + 1",
        arg=[faulty.worst, twice],
    )
    pinched = width_of_call(page, faulty.worst)
    page.page.keyboard.press("-")
    out = width_of_call(page, faulty.worst)
    page.page.keyboard.press("0")

    assert fitting < once < twice < pinched
    assert out < pinched
    assert width_of_call(page, faulty.worst) == pytest.approx(fitting, abs=2)


def test_the_bare_wheel_scrolls_the_page(page: Opened, faulty: Faulty) -> None:
    width = width_of_call(page, faulty.worst)
    page.player(faulty.worst).locator(".wave").hover()
    before = page.page.evaluate("scrollY")

    page.page.mouse.wheel(0, -120)

    page.page.wait_for_function("(before) => scrollY < before", arg=before)
    assert width_of_call(page, faulty.worst) == width


COLOURS = """(id) => {
  const box = document.querySelector(`.player[data-call="${id}"]`);
  const canvas = box.querySelector(".wave > div").shadowRoot.querySelector("canvas");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const at = pixels.findIndex((value, index) => index % 4 === 3 && value === 255);
  return {
    page: getComputedStyle(document.documentElement).backgroundColor,
    text: getComputedStyle(document.body).color,
    wave: [...pixels.slice(at - 3, at)].join(),
  };
}"""


def lightness(colour: str) -> float:
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3


def test_the_theme_is_the_machine_s_until_another_is_chosen(
    browser: Browser, faulty: Faulty
) -> None:
    with opened(browser, faulty.path, color_scheme="dark") as one:
        button = one.page.locator("#theme")
        expect(one.slider(faulty.worst)).to_be_visible()
        dark = one.page.evaluate(COLOURS, faulty.worst)
        button.click()
        light = one.page.evaluate(COLOURS, faulty.worst)
        one.page.reload()
        expect(one.slider(faulty.worst)).to_be_visible()
        remembered = one.page.evaluate(COLOURS, faulty.worst)
        button.click()
        chosen_dark = one.page.evaluate(COLOURS, faulty.worst)

    assert lightness(dark["page"]) < 60 < 180 < lightness(dark["text"])
    assert lightness(light["text"]) < 60 < 240 < lightness(light["page"])
    assert light["wave"] != dark["wave"]
    assert remembered == light
    assert chosen_dark == dark


CUT_OFF = """() => {
  const wide = document.documentElement.clientWidth;
  const scrolls = (element) => {
    for (let at = element.parentElement; at; at = at.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(at).overflowX)) return true;
    }
    return false;
  };
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.checkVisibility() && !element.closest(".said-aloud, .unseen"))
    .filter((element) => element.getBoundingClientRect().right > wide + 1 && !scrolls(element))
    .map((element) => element.outerHTML.slice(0, 120));
}"""


@pytest.mark.parametrize(
    "viewport", [PHONE, ViewportSize(width=320, height=568)], ids=["360", "320"]
)
def test_nothing_is_cut_off_on_a_phone(
    browser: Browser, faulty: Faulty, viewport: ViewportSize
) -> None:
    with opened(browser, faulty.path, viewport=viewport, has_touch=True, is_mobile=True) as one:
        expect(one.slider(faulty.worst)).to_be_in_viewport()
        one.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")

        assert one.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert one.page.evaluate(CUT_OFF) == []


def test_a_narrow_screen_shows_a_few_seconds_around_the_failure(
    browser: Browser, faulty: Faulty
) -> None:
    with opened(browser, faulty.path, viewport=PHONE) as one:
        pin = one.player(faulty.worst).locator(".pin.sought")
        expect(pin).to_be_in_viewport()
        where = pin.bounding_box()
        assert where
        assert 60 < where["x"] < 300
        seconds = faulty.data[faulty.worst]["duration_ms"] / 1000
        assert width_of_call(one, faulty.worst) / seconds >= 39  # Pixels for a second.


def test_the_keyboard_alone_reaches_the_failing_second(browser: Browser, faulty: Faulty) -> None:
    with opened(browser, faulty.path) as one:
        one.page.evaluate("scrollTo(0, 0)")
        for _ in range(25):
            one.page.keyboard.press("Tab")
            here = one.page.evaluate("document.activeElement.matches('a.seek')")
            if here:
                break
        assert here
        call, at = one.page.evaluate(
            "[document.activeElement.dataset.call, Number(document.activeElement.dataset.atMs)]"
        )
        one.page.keyboard.press("Enter")
        expect(one.slider(call)).to_be_focused()
        one.page.keyboard.press("Space")

        assert one.plays_on()
        assert at / 1000 - LEAD_S - 0.1 < one.media("currentTime") < at / 1000 + 3
        assert (call, at) == (faulty.worst, round(faulty.data[faulty.worst]["worst_ms"]))


def test_rows_are_reached_by_arrows_and_go_to_their_second(page: Opened, faulty: Faulty) -> None:
    stops = page.page.locator(f"#call-{faulty.worst} .story .at a.seek")
    stops.nth(1).focus()
    page.page.keyboard.press("ArrowDown")
    expect(stops.nth(2)).to_be_focused()
    at = int(stops.nth(2).get_attribute("data-at-ms") or "-1")

    page.page.keyboard.press("Enter")

    assert page.at_s(faulty.worst) == pytest.approx(max(0, at / 1000 - LEAD_S), abs=0.06)
    expect(page.slider(faulty.worst)).to_be_focused()
    lit = page.page.locator(f"#call-{faulty.worst} .story .at.lit")
    expect(lit).to_have_attribute("data-at-ms", str(at))


def test_a_click_on_a_row_goes_to_its_second(page: Opened, faulty: Faulty) -> None:
    row = page.page.locator(f"#call-{faulty.worst} .story .at").last
    at = int(row.get_attribute("data-at-ms") or "-1")

    row.locator(".what").click()

    expect(row).to_have_class(re.compile(r"\blit\b"))
    assert page.at_s(faulty.worst) == pytest.approx(at / 1000, abs=0.06)


def test_a_long_list_is_one_stop_on_the_way(page: Opened, faulty: Faulty) -> None:
    stops = page.page.locator(f"#call-{faulty.worst} table.events .at a.seek")

    assert stops.count() > 20
    assert (
        page.page.locator(f'#call-{faulty.worst} table.events a.seek:not([tabindex="-1"])').count()
        == 1
    )


NAMED = {
    "button", "link", "slider", "combobox", "checkbox", "textbox", "img", "image", "group",
    "dialog", "radio", "DisclosureTriangle",
}  # fmt: skip


def test_everything_that_can_be_used_has_a_name(page: Opened) -> None:
    open_call(page, GOOD)
    tree = page.page.context.new_cdp_session(page.page).send("Accessibility.getFullAXTree")
    nodes = [node for node in tree["nodes"] if not node["ignored"]]
    focusable = [
        node
        for node in nodes
        if any(p["name"] == "focusable" and p["value"]["value"] for p in node.get("properties", []))
        or node["role"]["value"] in NAMED
    ]

    nameless = [
        node["role"]["value"]
        for node in focusable
        if not node.get("name", {}).get("value", "").strip()
        and node["role"]["value"] not in {"row", "listitem", "group", "generic", "article"}
    ]
    assert nameless == []
    assert {"button", "link", "slider", "combobox"} <= {n["role"]["value"] for n in focusable}


def test_without_script_verdicts_and_links_are_there(browser: Browser, faulty: Faulty) -> None:
    with opened(browser, faulty.path, script=False) as one:
        body = one.page.locator("body").inner_text()
        assert "failed" in body
        for miss in faulty.data[faulty.worst]["misses"]:
            assert miss["text"] in body
        expect(one.page.locator(f'a[href="#call-{faulty.worst}"]').first).to_be_visible()
        files = one.page.locator(f"#call-{faulty.worst} a[href$='call.wav']")
        target = faulty.path.parent / (files.first.get_attribute("href") or "")
        assert target.is_file()


def test_a_recording_past_the_budget_plays_from_its_file(browser: Browser, tmp_path: Path) -> None:
    path, _ = results(CASES[:1], tmp_path, AudioBudget("all", 1000))
    assert 'class="call-audio"' not in path.read_text()

    with opened(browser, path, f"#call-{GOOD}@2000") as one:
        one.page.keyboard.press("Space")
        assert one.plays_on()
        assert one.media("currentSrc").startswith("file:")
        one.page.keyboard.press("Space")
    shutil.rmtree(path.parent / "ask")
    with opened(browser, path, f"#call-{GOOD}@2000") as one:
        one.page.keyboard.press("Space")
        expect(one.page.get_by_role("alert")).to_contain_text("call.wav is not beside this page")
        expect(one.player(GOOD).locator(".pin, .region").first).to_be_visible()
        one.complaints.clear()  # The browser's own, of the file.


def test_of_many_calls_few_have_a_player_at_a_time(browser: Browser, tmp_path: Path) -> None:
    """A hundred canvases and recordings would stay in memory for nothing."""
    late = Case("Ask", options=("--fault", "late-answer=4000"))
    path, _ = results([late], tmp_path, AudioBudget("none"), times=16)

    with opened(browser, path) as one:
        ready = one.page.locator(".player.ready")
        expect(ready.first).to_be_visible()
        assert ready.count() <= 3  # What is in view, and no more before it is painted.
        for call in [*(f"1-{number}" for number in range(1, 17)), "1-1"]:
            one.player(call).evaluate("(box) => box.scrollIntoView()")
            expect(one.slider(call)).to_be_in_viewport()
        assert 5 <= ready.count() <= 12


def test_the_picture_follows_the_width_of_the_window(browser: Browser, faulty: Faulty) -> None:
    with opened(browser, faulty.path) as one:
        expect(one.slider(faulty.worst)).to_be_visible()
        one.page.set_viewport_size(PHONE)
        one.page.wait_for_function(
            "(id) => document.querySelector(`.player[data-call='${id}'] .wave > div`)"
            ".shadowRoot.querySelector('.wrapper').clientWidth < 360",
            arg=faulty.worst,
        )
        assert one.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_hostile_names_and_logs_run_nothing(browser: Browser, tmp_path: Path) -> None:
    log = [(500.0 * number, text) for number, text in enumerate(HOSTILE, 1)]
    cases = [
        Case(json.dumps(text), options=("--fault", "late-answer=4000"), log=log)
        for text in HOSTILE
        if "\ud800" not in text
    ]
    path, _ = results(cases[:3], tmp_path)

    with opened(browser, path) as one:
        expect(one.slider("1-1")).to_be_visible()
        one.page.keyboard.press("n")
        one.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")

        assert one.page.evaluate("window.pwned") is None
        assert one.page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
        assert one.page.evaluate("document.documentElement.scrollWidth") <= 1200
        # As text, they are there to be read.
        assert HOSTILE[0] in one.page.locator("body").inner_text()


def test_a_picture_of_a_page_can_be_taken(faulty: Faulty, browser: Browser, tmp_path: Path) -> None:
    """`tools/page-picture` makes what the README shows."""
    picture = tmp_path / "page.png"

    take_picture(browser, faulty.path, picture, width=800, height=500)

    with Image.open(picture) as taken:
        assert taken.size == (1600, 1000)
        assert len(taken.getcolors(1 << 24) or []) > 100  # The worst failure, not a blank page.
