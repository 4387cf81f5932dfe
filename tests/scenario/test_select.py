"""`-k` and `--tag` choose scenarios."""

from pathlib import Path

import pytest
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.scenario.select import select


def _one(name: str, *tags: str) -> Scenario:
    return Scenario(name, Path("s.yaml"), 1, (), tags=tags)


ALL = [
    _one("Opening hours", "smoke"),
    _one("Opening hours/in noise", "noise", "slow"),
    _one("Book and cancel", "smoke", "slow"),
]


@pytest.mark.parametrize(
    ("keyword", "tags", "indexes"),
    [
        pytest.param("", (), [0, 1, 2], id="nothing-asked-takes-all"),
        pytest.param("  ", (), [0, 1, 2], id="spaces-take-all"),
        pytest.param("hours", (), [0, 1], id="a-word-inside-the-name"),
        pytest.param("OPENING", (), [0, 1], id="whatever-the-case"),
        pytest.param("hours and noise", (), [1], id="and"),
        pytest.param("cancel or noise", (), [1, 2], id="or"),
        pytest.param("not hours", (), [2], id="not"),
        pytest.param("not not hours", (), [0, 1], id="not-not"),
        pytest.param("book or hours and noise", (), [1, 2], id="and-binds-closer"),
        pytest.param("(book or hours) and noise", (), [1], id="parentheses"),
        pytest.param("not (book or noise)", (), [0], id="not-of-parentheses"),
        pytest.param('"opening hours/in noise"', (), [1], id="a-quoted-name"),
        pytest.param("'hours/in'and not x", (), [1], id="single-quotes"),
        pytest.param('" and "', (), [2], id="a-quoted-operator-is-a-word"),
        pytest.param("", ("noise",), [1], id="a-tag"),
        pytest.param("", ("noise", "smoke"), [0, 1, 2], id="any-of-the-tags"),
        pytest.param("hours", ("slow",), [1], id="both"),
        pytest.param("", ("nois",), [], id="tags-are-whole-words"),
    ],
)
def test_which_scenarios_are_taken(keyword: str, tags: tuple[str, ...], indexes: list[int]) -> None:
    assert select(ALL, keyword, tags) == [ALL[index] for index in indexes]


EXAMPLE = 'write words with `and`, `or`, `not` between them, for example -k "hours and not noise"'


@pytest.mark.parametrize(
    ("keyword", "what", "fix"),
    [
        pytest.param(
            "opening hours",
            "`hours` follows without `and` or `or`",
            "join words with `and` or `or`; quote a name that has spaces",
            id="two-words",
        ),
        pytest.param("a and", "it ends where a word should follow", EXAMPLE, id="an-open-end"),
        pytest.param(
            "and a",
            "`and` stands where a word should",
            f"quote it to look for it, or {EXAMPLE}",
            id="an-operator-first",
        ),
        pytest.param("(a", "a parenthesis is not closed", EXAMPLE, id="an-open-parenthesis"),
        pytest.param("a)", "unexpected `)`", EXAMPLE, id="a-closing-one-too-many"),
        pytest.param(
            "()",
            "`)` stands where a word should",
            f"quote it to look for it, or {EXAMPLE}",
            id="nothing-in-parentheses",
        ),
        pytest.param(
            "a or 'b",
            "the quote ' is not closed",
            "close it, or quote it in the other",
            id="an-open-quote",
        ),
    ],
)
def test_what_is_no_expression(keyword: str, what: str, fix: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(ALL, keyword)

    assert str(caught.value) == f"-k {keyword!r}: {what}.\n  Fix: {fix}"


def test_a_pile_of_parentheses_is_refused() -> None:
    with pytest.raises(UsageError, match="more than 50 parentheses inside each other"):
        select(ALL, "(" * 5000 + "a" + ")" * 5000)
