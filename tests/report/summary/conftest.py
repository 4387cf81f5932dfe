"""The browser of the page's tests draws the summary's pictures too."""

from report.page.conftest import browser

__all__ = ["browser"]
