"""Words in a picture: how wide they are, how they are cut to a width, and what can be drawn.

The font is the one that Pillow brings along; it has the letters of English and little else.
Letters with accents lose them, and what it has no letter for at all is a question mark, never an
empty box.
"""

import unicodedata
from functools import cache, lru_cache

from PIL import Image, ImageDraw, ImageFont

TITLE_PX, BODY_PX, LABEL_PX = 21, 15, 14
ELLIPSIS = "…"
UNDRAWABLE = "?"

_NO_LETTER = "\U0010ffff"
_SPELT = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d",
        "Đ": "D", "ł": "l", "Ł": "L", "\t": " ", "→": "->", "≤": "<=", "≥": ">=", "„": "“",
        "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{MINUS SIGN}": "-",
        "\N{MULTIPLICATION SIGN}": "x", "\N{GREEK SMALL LETTER MU}": "u",
        "\N{MICRO SIGN}": "u", "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)  # fmt: skip
_HIDDEN = frozenset({"Cc", "Cf", "Mn", "Me"})


@cache
def font(size_px: int) -> ImageFont.FreeTypeFont:
    found = ImageFont.load_default(size_px)
    assert isinstance(found, ImageFont.FreeTypeFont)  # Pillow without FreeType has no sizes.
    return found


@cache
def line_px(size_px: int) -> int:
    """The height of a line: from the top of the tallest letter to below the deepest one."""
    return sum(font(size_px).getmetrics())


def width_px(text: str, size_px: int) -> int:
    """The width of drawable text, rounded up."""
    return -int(-_width(text, size_px) // 1)


@lru_cache(maxsize=4096)
def _width(text: str, size_px: int) -> float:
    return font(size_px).getlength(text)


@lru_cache(maxsize=1024)
def coverage(text: str, size_px: int) -> Image.Image:
    """How much of each pixel the letters cover, 0 to 255, on a whole line."""
    mask = Image.new("L", (max(1, width_px(text, size_px)), line_px(size_px)))
    ImageDraw.Draw(mask).text((0, 0), text, fill=255, font=font(size_px))
    return mask


def drawable(text: str) -> str:
    """Spell text with the letters that there are."""
    return "".join(map(_letters, text.translate(_SPELT)))


@lru_cache(maxsize=2048)
def _letters(character: str) -> str:
    if _is_drawable(character):
        return character
    if unicodedata.category(character) in _HIDDEN:
        return ""
    plain = "".join(
        part
        for part in unicodedata.normalize("NFKD", character)
        if unicodedata.category(part) not in _HIDDEN
    )
    return plain if plain and all(map(_is_drawable, plain)) else UNDRAWABLE


@lru_cache(maxsize=2048)
def _is_drawable(character: str) -> bool:
    return character == " " or _look(character) != _look(_NO_LETTER)


def _look(character: str) -> bytes:
    return bytes(font(LABEL_PX).getmask(character))


def fitted(text: str, size_px: int, most_px: int) -> str:
    """Cut drawable text to a width; empty if not even one letter has room."""
    if width_px(text, size_px) <= most_px:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width_px(_cut(text, middle), size_px) <= most_px:
            low = middle
        else:
            high = middle - 1
    return _cut(text, low) if low else ""


def _cut(text: str, characters: int) -> str:
    return text[:characters].rstrip() + ELLIPSIS


def wrapped(text: str, size_px: int, most_px: int, lines: int) -> list[str]:
    """Break drawable text between words into at most so many lines; the last one is cut."""
    done: list[str] = []
    rest = text.split()
    while rest and len(done) < lines - 1:
        count = 1
        while count < len(rest) and width_px(" ".join(rest[: count + 1]), size_px) <= most_px:
            count += 1
        done.append(fitted(" ".join(rest[:count]), size_px, most_px))
        rest = rest[count:]
    if rest:
        done.append(fitted(" ".join(rest), size_px, most_px))
    return done
