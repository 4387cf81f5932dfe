"""What is written in colour can be read, in both themes: WCAG 2.2, 1.4.3 and 1.4.11, AA.

Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

import re

import pytest
from pipecat_voice_test.report.page.assets import asset

CSS = asset("page.css").text
TEXT, GRAPHIC = 4.5, 3.0
GROUNDS = ("paper", "raised")
PAIRS = [
    *((colour, ground, TEXT) for ground in GROUNDS for colour in ("ink", "muted", "link")),
    *((colour, ground, TEXT) for ground in GROUNDS for colour in ("good", "fault", "doubt")),
    *((colour, "paper", TEXT) for colour in ("voice-caller", "voice-bot")),
    ("good", "good-soft", TEXT),
    ("fault", "fault-soft", TEXT),
    ("ink", "fault-soft", TEXT),
    ("muted", "fault-soft", TEXT),
    ("link", "fault-soft", TEXT),
    ("doubt", "doubt-soft", TEXT),
    ("paper", "link", TEXT),
    *((colour, ground, GRAPHIC) for ground in GROUNDS for colour in ("edge", "focus")),
]


def themes() -> dict[str, dict[str, str]]:
    """The custom properties of each theme; dark stands twice, as chosen and as preferred."""
    blocks = re.findall(r"(:root[^{]*)\{([^{}]*)\}", CSS)
    named = [
        (selector.strip(), dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", body)))
        for selector, body in blocks
    ]
    return {
        "light": named[0][1],
        **{f"dark, {selector}": colours for selector, colours in named[1:]},
    }


def luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[place : place + 2], 16)) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", themes())
@pytest.mark.parametrize(("colour", "ground", "least"), PAIRS)
def test_contrast_is_enough(theme: str, colour: str, ground: str, least: float) -> None:
    colours = themes()[theme]

    assert contrast(colours[colour], colours[ground]) >= least


def test_dark_is_the_same_whether_it_is_chosen_or_preferred() -> None:
    light, preferred, chosen = themes().values()

    assert preferred == chosen
    assert set(light) == set(chosen)


def test_no_colour_is_named_outside_of_the_themes() -> None:
    rest = re.sub(r":root[^{]*\{[^{}]*\}", "", CSS)

    # The picture of a call is drawn on white in both themes.
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rest)) <= {"#ffffff"}
