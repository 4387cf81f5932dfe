"""What the page carries: unchanged, allowed by its policy, and able to stand inside of HTML."""

import base64
import hashlib
import re
from pathlib import Path

import pipecat_voice_test.report.page
import pytest
from pipecat_voice_test.report.page import assets

FOLDER = Path(pipecat_voice_test.report.page.__file__).parent / "assets"
VENDOR = FOLDER / "vendor"
TOOL = Path(__file__).parents[3] / "tools" / "page-assets"
EVERYTHING = [*assets.head_scripts(), *assets.scripts(), *assets.styles()]
ROW = re.compile(r"^\| `(?P<file>[^`]+)` \| (?P<of>[^|]+) \| .* \| `(?P<sha256>[0-9a-f]{64})` \|$")

# Text may become markup, or a program, by these alone.
MARKUP_MAKERS = re.compile(r"(inner|outer|Adjacent)HTML|document\.write|\beval\(|new Function")


def rows() -> dict[str, str]:
    found = map(ROW.match, (VENDOR / "README.md").read_text().splitlines())
    return {row["file"]: row["sha256"] for row in found if row}


def test_what_others_made_is_as_the_table_says() -> None:
    made = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir()}
    del made["README.md"]

    assert made == rows()


def test_the_tool_fetches_every_file_of_the_table_at_its_version() -> None:
    tool, table = TOOL.read_text(), (VENDOR / "README.md").read_text()
    (version,) = set(re.findall(r"\| (\d+\.\d+\.\d+) \|", table))

    assert f"${{1:-{version}}}" in tool
    assert {name for name in rows() if name in tool} == set(rows())


def test_every_script_and_style_of_ours_is_used() -> None:
    used = {*assets.HEAD_SCRIPTS, *assets.SCRIPTS, *assets.STYLES}
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.[jc]s*")}

    assert there - {"page.css"} == used  # The page's own sheet is not the player's.


@pytest.mark.parametrize("asset", EVERYTHING, ids=lambda asset: str(asset.name))
def test_an_asset_can_stand_in_a_page_as_it_is(asset: assets.Asset) -> None:
    """Nothing that ends its element; and no line end that the parser would change (CSP3 2.3.1)."""
    lower = asset.text.lower()
    ends = ("</style",) if asset.name.endswith(".css") else ("</script", "<!--", "<script")

    assert not [end for end in ends if end in lower]
    assert "\r" not in asset.text


@pytest.mark.parametrize("asset", EVERYTHING, ids=lambda asset: str(asset.name))
def test_the_source_of_an_asset_is_the_hash_of_its_text(asset: assets.Asset) -> None:
    digest = base64.b64decode(asset.csp.removeprefix("'sha256-").removesuffix("'"))

    assert digest == hashlib.sha256(asset.text.encode()).digest()


def test_what_others_made_comes_with_its_licence() -> None:
    (vendored,) = (one for one in assets.scripts() if one.name.startswith(assets.VENDOR))

    assert vendored.text.startswith("/*\nBSD 3-Clause License\n")
    assert vendored.text.endswith((VENDOR / "wavesurfer.min.js").read_text())


@pytest.mark.parametrize("name", [*assets.HEAD_SCRIPTS, *assets.SCRIPTS, *assets.STYLES])
def test_ours_are_strict_and_short(name: str) -> None:
    if name.startswith(assets.VENDOR):
        return
    text = (FOLDER / name).read_text()

    assert name.endswith(".css") or '"use strict";' in text
    assert len(text.splitlines()) <= 350
    assert not re.search(
        r"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
    )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def player_themes() -> list[dict[str, str]]:
    blocks = re.findall(r"\.player \{([^{}]*--paper[^{}]*)\}", assets.asset("player.css").text)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]


def test_a_player_is_dark_in_the_same_way_chosen_or_preferred() -> None:
    light, preferred, chosen = player_themes()

    assert preferred == chosen
    assert light != chosen


@pytest.mark.parametrize(
    ("colour", "ground", "least"),
    [
        ("ink", "paper", 4.5),
        ("faint-text", "paper", 4.5),
        ("fault", "paper", 4.5),
        ("doubt", "paper", 4.5),
        ("on-fault", "fault", 4.5),
        ("voice-caller-played", "paper", 4.5),
        ("voice-bot-played", "paper", 4.5),
        ("voice-caller", "paper", 3),
        ("voice-bot", "paper", 3),
        ("measure", "paper", 3),
    ],
)
def test_a_player_can_be_read_in_every_theme(colour: str, ground: str, least: float) -> None:
    """WCAG 2.2, 1.4.3 for text and 1.4.11 for what is drawn."""
    for theme in player_themes():
        assert contrast(theme[colour], theme[ground]) >= least
