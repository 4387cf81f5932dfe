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
