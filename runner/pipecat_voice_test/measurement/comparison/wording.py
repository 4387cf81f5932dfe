"""What people read of a comparison."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipecat_voice_test.measurement.comparison.model import Comparison, Measured, Side, Standing

_NEEDED = "information only, for a verdict 5 values are needed on either side"
FIX = (
    "Fix: look what changed in the bot since the baseline; "
    "if it is meant to be so, make this run's results.json the baseline."
)
_RATES = {
    "passed": "passed in",
    "barge_in_ok": "interruptions went well in",
    "hold_rate": "the bot held the floor in",
}


def not_comparable(scenario: str, reason: str) -> Comparison:
    return Comparison(scenario, "", Standing.NOT_COMPARABLE, f"not comparable: {reason}")


def latency(found: Comparison) -> Comparison:
    """The same with its message; one that is not too few has an interval."""
    assert found.base is not None
    assert found.new is not None
    name = found.metric.removesuffix("_ms")
    text = f"{name} {_median(found.new)}, {_median(found.base, 'in the baseline')}"
    if found.difference is not None:
        text += f": {_change(found.difference)}"
    if found.interval is None or found.allowed is None or found.could_show is None:
        return replace(found, message=f"{text}; {_NEEDED}")
    low_ms, high_ms = found.interval
    text += f" (95 % interval {low_ms:.0f} to {high_ms:.0f} ms)"
    if found.standing is Standing.REGRESSION:
        return replace(found, message=f"{text}, {found.allowed:.0f} ms allowed. {FIX}")
    return replace(found, message=f"{text}; {found.could_show:.0f} ms could have been shown")


def rate(
    found: Comparison,
    base: tuple[int, int],
    new: tuple[int, int],
    *,
    p: float | None = None,
    could_show: int | None = None,
) -> Comparison:
    """The same with its message; sides are (successes, tries), `p` is Fisher's."""
    times, of = new
    text = (
        f"{_RATES.get(found.metric, found.metric)} {times} of {of}, "
        f"in the baseline {base[0]} of {base[1]}"
    )
    if p is None:
        return replace(found, message=f"{text}; {_NEEDED}")
    if found.standing is Standing.REGRESSION:
        return replace(found, message=f"{text}: hardly by chance (p = {p:.2g}). {FIX}")
    if could_show is None:
        return replace(found, message=f"{text}; these numbers could have shown no drop at all")
    return replace(found, message=f"{text}; a drop to {could_show} of {of} could have been shown")


def notes(base: Measured, new: Measured) -> Iterator[str]:
    """Differences between two runs that forbid no comparison."""
    if base.version != new.version:
        yield f"the baseline was measured by version {base.version}, this is {new.version}"
    if base.verdict != "passed":
        yield (
            f"the run of the baseline did not pass ({base.verdict}): "
            "what was bad already is no regression"
        )
    if calls := sum(len(scenario.starved) for scenario in base.scenarios):
        yield (
            f"no CPU was free for the bot in {_calls(calls)} of the baseline, "
            "which may hide a regression"
        )
    yield from starved_now(new)
    for name, was, now in (
        ("the launcher", base.launcher, new.launcher),
        ("workers", base.settings.workers, new.settings.workers),
        ("fresh-bot", base.settings.fresh_bot, new.settings.fresh_bot),
    ):
        if was != now:
            yield f"{name}: {_plain(was)} in the baseline, {_plain(now)} now"


def starved_now(new: Measured) -> Iterator[str]:
    """Calls whose answers say more of this machine than of the bot."""
    if calls := sum(len(scenario.starved) for scenario in new.scenarios):
        yield f"no CPU was free for the bot in {_calls(calls)} now, left out of the medians"


def called_once(names: Sequence[str]) -> Iterator[str]:
    """One call is enough for values, and shows nothing of how calls differ."""
    if names:
        count = f"{len(names)} scenario{'s' * (len(names) != 1)}"
        yield f"only one call of {count} in one of the runs: `--repeat 5` shows how calls differ"


def _median(side: Side, where: str = "") -> str:
    where = f" {where}" if where else ""
    if not side.n:
        return f"never came{where}"
    was = "" if where else "was "
    return f"{was}{side.figure:.0f} ms{where} (median of {side.n})"


def _change(difference_ms: float) -> str:
    if round(difference_ms) == 0:
        return "no difference"
    return f"{abs(difference_ms):.0f} ms {'slower' if difference_ms > 0 else 'faster'}"


def _calls(count: int) -> str:
    return f"{count} call{'s' * (count != 1)}"


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
