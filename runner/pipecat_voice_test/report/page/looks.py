"""How text gets into the page: templates, and the policy that nothing but our scripts runs.

Every value that a template shows loses what cannot be read (`report/text.py`) and is escaped,
without the template having to ask; a value that is missing is an error. The policy lets run what
comes with the package and nothing else, whatever a text should turn out to contain.

Source: https://www.w3.org/TR/CSP3/
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import url_quote
from markupsafe import Markup, escape

from pipecat_voice_test.report.cells import SIGNS
from pipecat_voice_test.report.page.assets import Asset, asset, head_scripts, scripts, styles
from pipecat_voice_test.report.text import plain_text, valid_text
from pipecat_voice_test.report.view.words import shown

STYLE = "page.css"
NAME_CHARACTERS = 200
_NONCE_CHARACTERS = 32


def rendered(template: str, **values: Any) -> bytes:
    """One template, filled in."""
    return valid_text(_environment().get_template(template).render(values)).encode()


def looks(pieces: Iterable[bytes], *, plays: bool = True) -> dict[str, Any]:
    """What `frame.html` and `tail.html` need to make a page of its content.

    Args:
        pieces: The content; it decides on the nonce, so that nobody who wrote a part of it
            can know that, and the same results give the same page.
        plays: Whether there are calls to be played, or only the theme to be chosen.
    """
    head, last = head_scripts(), scripts() if plays else ()
    sheets = (asset(STYLE), *(styles() if plays else ()))
    whole = hashlib.sha256()
    for piece in pieces:
        whole.update(piece)
    nonce = whole.hexdigest()[:_NONCE_CHARACTERS]
    return {
        "policy": policy(nonce, (*head, *last), sheets),
        "nonce": nonce,
        "head_scripts": head,
        "scripts": last,
        "sheets": sheets,
    }


def policy(nonce: str, used: Iterable[Asset], sheets: Iterable[Asset]) -> str:
    """The content policy of a page.

    Nothing is loaded but pictures and recordings that lie beside the page (`file:` where it is
    opened from disk, `'self'` where a server has it) or are inside it. The nonce lets in the
    style that wavesurfer makes for itself.
    """
    allowed = {
        "default-src": "'none'",
        "script-src": " ".join(one.csp for one in used),
        "style-src": " ".join([*(one.csp for one in sheets), f"'nonce-{nonce}'"]),
        "img-src": "'self' file: data: blob:",
        "media-src": "'self' file: data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in allowed.items())


def href(path: str) -> str:
    """A link to a file beside the page, whatever its name: never another scheme or host."""
    return f"./{url_quote(valid_text(path))}"


def name_of(text: str) -> str:
    """A name that anybody may have given, on one line."""
    return shown(text, NAME_CHARACTERS)


def seconds(at_ms: float) -> str:
    """A moment or a length as people read it: `12.3 s`."""
    return f"{at_ms / 1000:.1f} s"


def moment(started_at: str) -> str:
    """ISO 8601 with a space for the T: `2026-01-01 00:00:00 UTC`."""
    return started_at.replace("T", " ").replace("Z", " UTC")


def with_code(text: str) -> Markup:
    """Our own advice, whose commands stand between backticks."""
    parts = plain_text(text).split("`")
    if not len(parts) % 2:  # One is left open.
        return escape("`".join(parts))
    shown = [
        Markup("<code>{}</code>").format(p) if odd % 2 else escape(p) for odd, p in enumerate(parts)
    ]
    return Markup().join(shown)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pipecat_voice_test.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters |= {
        "code": with_code,
        "moment": moment,
        "seconds": seconds,
        "words": lambda name: name.replace("_", " "),
    }
    environment.globals |= {"signs": SIGNS}
    return environment


def _harmless(value: Any) -> Any:
    return plain_text(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
