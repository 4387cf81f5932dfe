"""The page of `compare`: two runs side by side, with every value that was compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipecat_voice_test import __version__
from pipecat_voice_test.measurement.comparison.model import (
    Compared,
    Comparison,
    Measured,
    MeasuredScenario,
    Standing,
)
from pipecat_voice_test.measurement.comparison.pairs import paired
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.comparison import COLUMNS, Row, headline, not_compared, rows, silence
from pipecat_voice_test.report.page.axis import shown
from pipecat_voice_test.report.page.looks import looks, name_of, rendered
from pipecat_voice_test.report.page.spread import Plot, Point, plot
from pipecat_voice_test.report.text import one_line
from pipecat_voice_test.report.view.words import shown as line

_WORST_FIRST = (
    Standing.REGRESSION,
    Standing.NO_REGRESSION,
    Standing.TOO_FEW,
    Standing.NOT_COMPARABLE,
)
_WORDS = {
    Standing.REGRESSION: ("Worse", Verdict.FAILED),
    Standing.NO_REGRESSION: ("No worse", Verdict.PASSED),
    Standing.NOT_COMPARABLE: ("Not comparable", Verdict.INCONCLUSIVE),
}
_UNKNOWN = ("Too few values", Verdict.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One metric of one scenario in both runs; the plot is None for a rate."""

    row: Row
    metric: str
    message: str
    plot: Plot | None


@dataclass(frozen=True, slots=True)
class ComparedScenario:
    name: str
    metrics: tuple[SideBySide, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One of the two, for the head of the page."""

    side: str
    file: str
    started_at: str
    version: str
    verdict: Verdict
    runner: str


def comparison_html(
    base: Measured, new: Measured, found: Compared, *, version: str = __version__
) -> Iterator[bytes]:
    """Render a comparison as a page of its own.

    Args:
        base: The run that was kept.
        new: The one held against it.
        found: What came of it.
        version: Of this program.
    """
    words, verdict = _WORDS.get(_outcome(found), _UNKNOWN)
    body = rendered(
        "compare.html",
        words=words,
        verdict=verdict,
        runs=[_run("Baseline", base), _run("Now", new)],
        headline=headline(found),
        silence=silence(found),
        notes=[line(note) for note in found.notes],
        not_compared=not_compared(found),
        columns=COLUMNS,
        rows=list(rows(found.comparisons)),
        scenarios=list(_scenarios(base, new, found.comparisons)),
    )
    frame = looks([body], plays=False)
    title = f"{words}: {line(new.shown)} against {line(base.shown)}"
    yield rendered("frame.html", title=title, version=version, **frame)
    yield body
    yield rendered("tail.html", **frame)
    yield rendered("end.html")
    yield rendered("end.html")


def _outcome(found: Compared) -> Standing:
    return next((one for one in _WORST_FIRST if found.count(one)), Standing.NOT_COMPARABLE)


def _run(side: str, run: Measured) -> Run:
    return Run(
        side,
        line(run.shown),
        one_line(run.started_at),
        one_line(run.version),
        Verdict(run.verdict),
        one_line(run.runner),
    )


def _scenarios(
    base: Measured, new: Measured, comparisons: Sequence[Comparison]
) -> Iterator[ComparedScenario]:
    """Those of which something was compared, in the order of the new run."""
    left = list(comparisons)
    for was, now in paired(base, new):
        scenario = now or was
        mine = _taken(left, scenario.name) if scenario is not None else []
        metrics = tuple(
            _side_by_side(one, was, now) for one in mine if one.standing is not _NOT_COMPARABLE
        )
        if metrics and scenario is not None:
            yield ComparedScenario(name_of(scenario.name), metrics)


_NOT_COMPARABLE = Standing.NOT_COMPARABLE


def _taken(left: list[Comparison], name: str) -> list[Comparison]:
    """Take out what was compared of the next scenario of that name: its metrics occur once."""
    mine: list[Comparison] = []
    for one in list(left):
        if one.scenario != name:
            continue
        if any(one.metric == other.metric for other in mine):
            break
        mine.append(one)
        left.remove(one)
        if one.standing is _NOT_COMPARABLE:
            break
    return mine


def _side_by_side(
    one: Comparison, was: MeasuredScenario | None, now: MeasuredScenario | None
) -> SideBySide:
    (row,) = rows([one])
    series = [("baseline", _points(one.metric, was)), ("now", _points(one.metric, now, new=True))]
    drawn = plot(one.metric, series) if any(points for _, points in series) else None
    return SideBySide(row, one.metric, line(one.message, 1000), drawn)


def _points(
    metric: str, scenario: MeasuredScenario | None, *, new: bool = False
) -> tuple[Point, ...]:
    """Values of calls in which the bot had no CPU are shown as such; they were left out."""
    sample = None if scenario is None else scenario.samples.get(metric)
    if scenario is None or sample is None:
        return ()
    starved = scenario.starved if new else frozenset[int]()
    return tuple(
        Point(
            value,
            f"{shown(metric, value)}: call {call}"
            + (", no CPU was free for the bot" if call in starved else ""),
            Verdict.INCONCLUSIVE if call in starved else Verdict.PASSED,
        )
        for value, call in zip(sample.values, sample.calls, strict=True)
    )
