"""The digest by which results.json shows that nobody has touched it since.

It is taken of what the document says, so a file that was only laid out anew is still whole.
It keeps out mistakes, not forgers: everything that makes it is public.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

KEY = "digest"


def canonical(document: Mapping[str, Any]) -> str:
    """The one text for a document, whatever the order of its keys and without its digest."""
    content = {key: value for key, value in document.items() if key != KEY}
    return json.dumps(
        content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def digest(canonical_text: str) -> str:
    """Of what `canonical` gives, made into valid UTF-8 if need be."""
    return f"sha256:{hashlib.sha256(canonical_text.encode('utf-8', 'replace')).hexdigest()}"
