"""What report.html carries to be looked at: scripts and styles, from the package.

The page forbids everything that is not named: a script runs only if its hash is in the page's
content policy, so whoever writes the page takes text and hash from here.

Source: https://www.w3.org/TR/CSP3/#match-element-to-source-list
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

VENDOR = "vendor/"
# In the head: the theme is known before anything is painted.
HEAD_SCRIPTS = ("theme.js",)
# At the end of the body, in this order: each builds on those before.
SCRIPTS = (
    "vendor/wavesurfer.min.js",
    "facts.js",
    "picture_style.js",
    "picture.js",
    "sound.js",
    "controls.js",
    "player.js",
    "rows.js",
    "keys.js",
    "page.js",
)
# Of the player; the page's own sheet comes before it.
STYLES = ("player.css",)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file to be written between the tags of a `<script>` or `<style>`, as it is.

    Attributes:
        text: Safe inside of such an element: it holds neither `</script` nor `<!--`.
        csp: Its source in a content policy, `'sha256-…'` with the quotes.
    """

    name: str
    text: str
    csp: str


def _read(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text("utf-8")


@cache
def asset(name: str) -> Asset:
    """Read one file of `assets/`; what others made comes with its licence, as that asks for."""
    text = _read(name)
    if name.startswith(VENDOR):
        text = f"/*\n{_read(f'{VENDOR}LICENSE')}*/\n{text}"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Asset(name, text, f"'sha256-{digest}'")


def head_scripts() -> tuple[Asset, ...]:
    return tuple(asset(name) for name in HEAD_SCRIPTS)


def scripts() -> tuple[Asset, ...]:
    return tuple(asset(name) for name in SCRIPTS)


def styles() -> tuple[Asset, ...]:
    return tuple(asset(name) for name in STYLES)
