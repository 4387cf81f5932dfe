"""Folders of scenarios are safe on every disk and never meet."""

import pytest
from pipecat_voice_test.report.files import SLUG_CHARACTERS, unused_slug


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Interrupt the opening hours", "interrupt-the-opening-hours"),
        ("hours/Saturday only?", "hours-saturday-only"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\Windows", "c-windows"),
        ("Grüße, Café", "grue-cafe"),
        ("CON", "scenario-con"),
        ("lpt1", "scenario-lpt1"),
        ("-rf .", "rf"),
        ("v1.0.", "v1-0"),
    ],
)
def test_slug(name: str, slug: str) -> None:
    assert unused_slug(name, set()) == slug


@pytest.mark.parametrize("name", ["", "..", "שלום", "\udc80", "\x00", "/" * 5000, "n" * 5000])
def test_every_name_gives_a_short_safe_slug(name: str) -> None:
    slug = unused_slug(name, set())

    assert slug.replace("-", "").isalnum()
    assert slug.isascii()
    assert slug == slug.lower()
    assert len(slug) <= SLUG_CHARACTERS


def test_names_that_look_alike_get_folders_of_their_own() -> None:
    taken: set[str] = set()
    names = ["a b", "A B", "a-b", "a/b", "a b", "n" * 100, "n" * 101, "ש", "ל"]
    slugs = [unused_slug(name, taken) for name in names]

    assert len(set(slugs)) == len(names)
    assert slugs == [unused_slug(name, again) for again in [set[str]()] for name in names]
