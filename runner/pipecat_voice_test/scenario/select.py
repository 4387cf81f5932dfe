"""Which scenarios to run: `-k EXPR`, `--tag TAG` and `--shard I/N`.

An expression is made of words, `and`, `or`, `not` and parentheses, as pytest's `-k`. A word
is looked for in the scenario's name, whatever the case; one with spaces or brackets in it
stands in quotes.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from pipecat_voice_test.errors import NothingSelected, UsageError
from pipecat_voice_test.scenario.length import expected_ms
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.scenario.shard import Shard, deal

_MAX_NESTING = 50
_TOKEN = re.compile(r"""\s*(?:([()])|"([^"]*)"|'([^']*)'|([^\s()"']+)|(["']))""")
_OPERATORS = ("and", "or", "not")
_EXAMPLE = 'write words with `and`, `or`, `not` between them, for example -k "hours and not noise"'

Test = Callable[[str], bool]


def select(
    scenarios: Iterable[Scenario], keyword: str = "", tags: Sequence[str] = ()
) -> list[Scenario]:
    """The scenarios whose name fits `keyword` and that have any of `tags`.

    Both are optional; without them all are taken.

    Raises:
        UsageError: `keyword` is not an expression.
    """
    fits = _Expression(keyword).parse() if keyword.strip() else _always
    return [
        scenario
        for scenario in scenarios
        if fits(scenario.name.lower()) and (not tags or not set(tags).isdisjoint(scenario.tags))
    ]


def share_of(scenarios: Sequence[Scenario], shard: Shard) -> list[Scenario]:
    """The scenarios of one shard, in their order; none if there are more shards than work.

    Every scenario is in exactly one of the shards. Each machine works out for itself which, so
    it depends on the scenarios alone, and not on the order in which their files were found.
    One that is skipped is dealt to a shard that has something to play, if any has: a shard of
    skipped ones alone would end as if nothing had been selected. No two have the same name.
    """
    longest_first = sorted(scenarios, key=lambda one: (-expected_ms(one), one.name))
    playable = [one for one in longest_first if not one.skip_reason]
    owners = deal([expected_ms(one) for one in playable], shard.total)
    ours = {one.name for one, owner in zip(playable, owners, strict=True) if owner == shard.index}
    skipped = [one for one in longest_first if one.skip_reason]
    busy = max(owners, default=shard.total)
    ours |= {one.name for n, one in enumerate(skipped) if n % busy + 1 == shard.index}
    return [one for one in scenarios if one.name in ours]


def nothing_playable(scenarios: Sequence[Scenario]) -> NothingSelected:
    """Every one of these is skipped."""
    return NothingSelected(
        f"All {len(scenarios)} selected scenarios are skipped.",
        fix="give scenarios whose events can be heard on a phone line.",
        evidence="\n".join(f"{one.name}: {one.skip_reason}" for one in scenarios),
    )


def _always(name: str) -> bool:
    return True


class _Expression:
    """Recursive descent: or, and, not, then a word or parentheses."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split(text))
        self._next = 0
        self._nesting = 0

    def parse(self) -> Test:
        test = self._either()
        if self._next < len(self._tokens):
            kind, word = self._tokens[self._next]
            if kind == "word":
                self._refuse(
                    f"`{word}` follows without `and` or `or`",
                    "join words with `and` or `or`; quote a name that has spaces",
                )
            self._refuse(f"unexpected `{word}`")
        return test

    def _split(self, text: str) -> Iterable[tuple[str, str]]:
        for match in _TOKEN.finditer(text.rstrip()):
            bracket, double, single, bare, lone = match.groups()
            if lone:
                self._refuse(
                    f"the quote {lone} is not closed", "close it, or quote it in the other"
                )
            if bracket or bare in _OPERATORS:
                yield "operator", bracket or bare
            else:
                yield "word", next(word for word in (double, single, bare) if word is not None)

    def _accept(self, operator: str) -> bool:
        if self._next < len(self._tokens) and self._tokens[self._next] == ("operator", operator):
            self._next += 1
            return True
        return False

    def _either(self) -> Test:
        tests = [self._both()]
        while self._accept("or"):
            tests.append(self._both())
        return lambda name: any(test(name) for test in tests)

    def _both(self) -> Test:
        tests = [self._maybe_not()]
        while self._accept("and"):
            tests.append(self._maybe_not())
        return lambda name: all(test(name) for test in tests)

    def _maybe_not(self) -> Test:
        wanted = True
        while self._accept("not"):
            wanted = not wanted
        test = self._one()
        return lambda name: test(name) is wanted

    def _one(self) -> Test:
        if self._accept("("):
            self._nesting += 1
            if self._nesting > _MAX_NESTING:
                self._refuse(f"more than {_MAX_NESTING} parentheses inside each other")
            test = self._either()
            if not self._accept(")"):
                self._refuse("a parenthesis is not closed")
            self._nesting -= 1
            return test
        if self._next == len(self._tokens):
            self._refuse("it ends where a word should follow")
        kind, word = self._tokens[self._next]
        if kind == "operator":
            self._refuse(
                f"`{word}` stands where a word should", f"quote it to look for it, or {_EXAMPLE}"
            )
        self._next += 1
        wanted = word.lower()
        return lambda name: wanted in name

    def _refuse(self, what: str, fix: str = _EXAMPLE) -> NoReturn:
        raise UsageError(f"-k {self._text!r}: {what}.", fix=fix)
