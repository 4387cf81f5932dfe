"""Reading text that a stranger wrote: JSON, base64, and names that end up in a report.

Nothing here raises anything but `Unreadable`, needs much more memory than the text itself,
or passes on characters that could speak to a terminal, a CI log or an XML parser.
"""

import binascii
import json
import re
from collections.abc import Sequence
from typing import Any

# One message needs a handful of fields. JSON made of millions of tiny ones takes twenty-five
# times its size in memory and stalls the call, so such a text is not even tried.
SIMPLE_CHARACTERS = 65_536
MAX_JSON_ITEMS = 10_000
EXACT_DIGITS = 40  # Of a number that is written again; what is longer is rounded.

EXCERPT_BYTES = 512
NAME_CHARACTERS = 60

_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_JSON_TYPES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class Unreadable(Exception):
    """Why a text could not be read, as the rest of a sentence that begins with "it"."""


class RepeatedKeys(dict[str, Any]):
    """A JSON object in which some key came more than once; the last one counts."""


def read_json(text: str, *, to_repeat: bool = False) -> Any:
    """Read strict JSON: no NaN, no Infinity.

    Args:
        text: What somebody sent.
        to_repeat: It will be written again, so 1 is not to become 1.0. Else all numbers come as
            float.

    Raises:
        Unreadable: It is not JSON, or too deep or too manifold to be a message.
    """
    if len(text) > SIMPLE_CHARACTERS:
        items = text.count(",") + text.count("[") + text.count("{")
        if items > MAX_JSON_ITEMS:
            raise Unreadable(f"holds more than {MAX_JSON_ITEMS} values")
    try:
        return (_REPEATING if to_repeat else _DECODER).decode(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"is not JSON (from character {error.pos + 1} on)") from error
    except ValueError as error:
        raise Unreadable(f"is not JSON ({error})") from error
    except RecursionError as error:
        raise Unreadable("is nested too deeply") from error


def read_base64(text: str) -> bytes:
    """Decode standard base64 with padding and nothing else in it.

    Raises:
        Unreadable: Something is in it that does not belong there; says what and where.
    """
    try:
        decoded = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise Unreadable(_base64_fault(text)) from error
    # Some Pythons overlook padding where none belongs.
    if len(text) != (len(decoded) + 2) // 3 * 4:
        raise Unreadable(_base64_fault(text))
    return decoded


def json_type(value: object) -> str:
    """What a value that came out of `read_json` is called, with its article."""
    return next((name for kind, name in _JSON_TYPES.items() if isinstance(value, kind)), "a value")


def quoted(text: str) -> str:
    """A stranger's name as it may stand in a message: short, in quotes, without controls."""
    more = "…" if len(text) > NAME_CHARACTERS else ""
    return f'"{printable(text[:NAME_CHARACTERS])}{more}"'


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first of a stranger's names, as they may stand in a message."""
    return ", ".join(map(quoted, names[:most])) + (", …" if len(names) > most else "")


def storable(text: str, limit_characters: int) -> str:
    """A stranger's name as it may be stored: not endless, and always valid Unicode."""
    cut = text if len(text) <= limit_characters else text[: limit_characters - 1] + "…"
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode()


def printable(text: str) -> str:
    """The text with all that a terminal could act on escaped, such as line breaks."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def excerpt(message: str | bytes) -> str:
    """The first 512 bytes of a message, with everything unprintable escaped."""
    if isinstance(message, str):
        message = message[:EXCERPT_BYTES].encode("utf-8", "replace")
        return printable(message[:EXCERPT_BYTES].decode("utf-8", "ignore"))
    return printable(message[:EXCERPT_BYTES].decode("utf-8", "backslashreplace"))


def _base64_fault(text: str) -> str:
    if text[:5].lower() == "data:":
        return "begins with a `data:` prefix"
    data = text.rstrip("=")
    found = _NOT_BASE64.search(data)
    if found is None:
        if not data or len(data) % 4 == 1:
            return f"is cut off: {len(data)} characters before the padding stand for no bytes"
        return f"ends with {len(text) - len(data)} `=` where {-len(data) % 4} belong there"
    char, where = found.group(), f"at character {found.start() + 1}"
    if char == "=":
        return f"has `=` padding in its middle, {where}: several base64 texts in one?"
    if char in "-_":
        return f"uses the URL-safe alphabet ({quoted(char)} {where})"
    if char.isspace():
        return f"has a line break or white space in it ({quoted(char)} {where})"
    return f"has {quoted(char)} in it, {where}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else RepeatedKeys(fields)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} does not exist there")


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= EXACT_DIGITS else float(digits)


# Integers as float: nobody here needs them exact, and a number of a million digits is harmless.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=float, parse_constant=_refuse_constant
)
_REPEATING = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_constant=_refuse_constant
)
