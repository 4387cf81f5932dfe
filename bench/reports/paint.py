"""How soon something of a page is seen: first contentful paint, in a browser without a window.

The browser is the one that `PVT_CHROMIUM` names, or one that is found on the path.

Source: https://www.w3.org/TR/paint-timing/
"""

import os
import shutil
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PAINT = """() => new Promise((tell) => new PerformanceObserver((list) => {
  const [paint] = list.getEntriesByName("first-contentful-paint");
  if (paint) tell(paint.startTime);
}).observe({type: "paint", buffered: true}))"""


def browser() -> str | None:
    """The path of a browser, or None."""
    named = os.environ.get("PVT_CHROMIUM", "")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


def first_paints_ms(page: Path, chromium: str, times: int) -> list[float]:
    """When the first text of the page was painted, counted from the navigation to it."""
    from playwright.sync_api import sync_playwright

    found: list[float] = []
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium)
        for _ in range(times):
            shown = running.new_page()
            shown.goto(page.as_uri(), wait_until="commit")
            found.append(float(shown.evaluate(_PAINT)))
            shown.close()
        running.close()
    return found
