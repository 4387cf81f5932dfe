"""A page in headless Chromium, opened from disk, and everything it did that it must not."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, ViewportSize, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDE = ViewportSize(width=1200, height=800)
PHONE = ViewportSize(width=360, height=740)
# Of the page itself and of what it made; the network has other schemes.
OWN = ("file:", "blob:", "data:")
_SETTLED_MS = 400  # The waveform is drawn in the frames after the page is there.
# Collects what its policy forbade, and what it plays: that is not in the document.
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
window.played = [];
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  if (!window.played.includes(this)) window.played.push(this);
  return play.call(this);
};
"""


def chromium_path() -> str | None:
    """The browser that the tests drive, or None."""
    return os.environ.get("PVT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """Start the browser, without a window and without its own sandbox, which root cannot use."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as browser,
    ):
        yield browser


@dataclass(slots=True)
class Opened:
    """A page, what it asked the network for, and what it complained about."""

    page: Page
    size: ViewportSize = field(default_factory=lambda: WIDE)
    scripted: bool = True
    asked_for: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: Path, fragment: str = "") -> None:
        """Open a page anew, also the one that is open."""
        self.page.goto("about:blank")
        self.page.set_viewport_size(self.size)
        self.asked_for.clear()
        self.complaints.clear()
        self.page.goto(path.as_uri() + fragment)

    def has_kept_its_promises(self) -> None:
        """It used no network, broke no policy of its own and complained of nothing."""
        assert [url for url in self.asked_for if not url.startswith(OWN)] == []
        assert not self.scripted or self.page.evaluate("window.violations") == []
        assert self.complaints == []

    def player(self, call: str) -> Locator:
        return self.page.locator(f'.player[data-call="{call}"]')

    def slider(self, call: str) -> Locator:
        return self.player(call).get_by_role("slider")

    def at_s(self, call: str) -> float:
        """Where the player of a call stands."""
        return float(self.slider(call).get_attribute("aria-valuenow") or "nan")

    def media(self, what: str) -> Any:
        """A property of what was played last."""
        return self.page.evaluate(f"window.played.at(-1)?.{what}")

    def plays_on(self) -> bool:
        """Wait until the recording is heard: its time goes on, by itself."""
        self.page.wait_for_function("""() => {
          const media = window.played.at(-1);
          if (!media || media.paused || media.seeking) return false;
          media.seenAt ??= media.currentTime;
          const goesOn = media.currentTime > media.seenAt;
          if (goesOn) delete media.seenAt;
          return goesOn;
        }""")
        return True


@contextmanager
def opened(
    browser: Browser, path: Path, fragment: str = "", *, script: bool = True, **context: Any
) -> Iterator[Opened]:
    """Open a page from disk, offline; at the end it must have kept its promises."""
    size = context.setdefault("viewport", WIDE)
    settings = {"offline": True, **context}
    within = browser.new_context(java_script_enabled=script, **settings)
    try:
        within.add_init_script(_WATCH)
        page = within.new_page()
        page.set_default_timeout(10_000)
        one = Opened(page, size, script)
        page.on("request", lambda asked: one.asked_for.append(asked.url))
        page.on("console", lambda said: _note(one, said.type, said.text))
        page.on("pageerror", lambda error: one.complaints.append(str(error)))
        one.open(path, fragment)
        yield one
        one.has_kept_its_promises()
    finally:
        within.close()


def _note(one: Opened, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        one.complaints.append(f"{kind}: {text}")


def take_picture(
    browser: Browser, page: Path, out: Path, *, width: int, height: int, theme: str = "light"
) -> None:
    """A picture of a page where it opens, two pixels for one."""
    size = {"width": width, "height": height}
    with opened(browser, page, viewport=size, color_scheme=theme, device_scale_factor=2) as one:
        one.page.wait_for_timeout(_SETTLED_MS)
        one.page.screenshot(path=out)
