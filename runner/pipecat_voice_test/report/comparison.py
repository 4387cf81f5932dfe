"""How a run stands against its baseline, for people: METRICS 5.

What could not be compared is said in every report: it is neither a pass nor a failure, and a
regression that nobody looked for is not one that is absent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.comparison.model import (
    Compared,
    Comparison,
    Side,
    Standing,
)
from pipecat_voice_test.report.text import masked, one_line

STANDINGS = {
    Standing.REGRESSION: "regression",
    Standing.NO_REGRESSION: "no worse",
    Standing.TOO_FEW: "information only",
    Standing.NOT_COMPARABLE: "not comparable",
}
COLUMNS = (
    "scenario",
    "metric",
    "baseline",
    "now",
    "difference",
    "95 % interval",
    "would have shown",
    "verdict",
)
_NOTHING = "–"  # noqa: RUF001  # An en dash, as tables have it.
_NAMES_SHOWN = 10
_NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison as cells; `standing` decides how it is set off."""

    cells: tuple[str, ...]
    standing: Standing


def headline(compared: Compared) -> str:
    """What was compared with what, and what came of it, in one line."""
    counts = [
        f"{count} {words}{'s' * (standing is Standing.REGRESSION and count != 1)}"
        for standing, words in STANDINGS.items()
        if (count := compared.count(standing))
    ]
    made = f"version {compared.base_version}, {compared.base_started_at}"
    text = f"compared with {masked(compared.base)} ({made}): {', '.join(counts) or 'nothing'}"
    return one_line(text)


def comparison_lines(compared: Compared) -> list[str]:
    """The headline and what nobody must overlook; regressions stand with their scenarios."""
    lines = [headline(compared), *(f"  note: {one_line(note)}" for note in compared.notes)]
    for message, names in _by_reason(compared.comparisons):
        lines.append(f"  {one_line(message)}: {_listed(names)}")
    if verdict := silence(compared):
        lines.append(f"  {verdict}")
    return lines


def silence(compared: Compared) -> str:
    """Why no verdict at all came of the comparison, or empty."""
    if compared.nothing_comparable:
        return "NOTHING COULD BE COMPARED, so nothing is known of regressions"
    judged = compared.count(Standing.REGRESSION) + compared.count(Standing.NO_REGRESSION)
    if not judged:
        return (
            "too few values for any verdict, so nothing is known of regressions: "
            "raise `--repeat` in both runs"
        )
    return ""


def not_compared(compared: Compared) -> list[str]:
    """One line for each reason why scenarios were not compared, with their names."""
    return [
        f"{one_line(message)}: {_listed(names)}"
        for message, names in _by_reason(compared.comparisons)
    ]


def rows(comparisons: Sequence[Comparison]) -> Iterator[Row]:
    """Comparisons as rows under `COLUMNS`; texts are plain and not escaped for any markup."""
    for one in comparisons:
        if one.standing is Standing.NOT_COMPARABLE:
            reason = one.message.removeprefix("not comparable: ")
            figures = (_NOTHING, _NOTHING, _NOTHING, one_line(reason), _NOTHING, _NOTHING)
        else:
            figures = (
                one.metric,
                _side(one, one.base),
                _side(one, one.new),
                _difference(one),
                _interval(one),
                _could_show(one),
            )
        name = one_line(one.scenario, _NAME_CHARACTERS)
        yield Row((name, *figures, STANDINGS[one.standing]), one.standing)


def _by_reason(comparisons: Sequence[Comparison]) -> list[tuple[str, list[str]]]:
    reasons: dict[str, list[str]] = {}
    for one in comparisons:
        if one.standing is Standing.NOT_COMPARABLE:
            reasons.setdefault(one.message, []).append(one.scenario)
    return list(reasons.items())


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(one_line(name, _NAME_CHARACTERS) for name in names[:_NAMES_SHOWN])
    left = len(names) - _NAMES_SHOWN
    return f"{shown} and {left} more" if left > 0 else shown


def _is_time(one: Comparison) -> bool:
    return one.metric.endswith("_ms")


def _side(one: Comparison, side: Side | None) -> str:
    if side is None or not side.n:
        return _NOTHING
    if _is_time(one):
        return f"{side.figure:.0f} ms (n = {side.n})"
    return f"{round(side.figure * side.n)} of {side.n}"


def _difference(one: Comparison) -> str:
    if one.difference is None:
        return _NOTHING
    if _is_time(one):
        return f"{one.difference:+.0f} ms"
    return f"{100 * one.difference:+.0f} %"


def _interval(one: Comparison) -> str:
    if one.interval is None:
        return _NOTHING
    low, high = one.interval
    return f"{low:+.0f} to {high:+.0f} ms"


def _could_show(one: Comparison) -> str:
    """The least regression that these numbers would have made known (M-33)."""
    if one.new is None or one.standing is Standing.TOO_FEW:
        return _NOTHING
    if _is_time(one):
        return _NOTHING if one.could_show is None else f"{one.could_show:+.0f} ms"
    if one.could_show is None:
        return "no drop"
    return f"{round(one.could_show * one.new.n)} of {one.new.n}"
