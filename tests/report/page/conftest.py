"""One browser for all tests of the page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from report.page.opened import NAMES, chromium_path, launched


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium; the test is skipped where there is none.

    Not for the whole session: while playwright is there, this thread has a running event loop,
    and tests of other modules that start one would fail.
    """
    path = chromium_path()
    if path is None:
        names = ", ".join(NAMES)
        pytest.skip(f"no Chromium here: none of {names} on PATH, and PVT_CHROMIUM is not set")
    with launched(path) as found:
        yield found
