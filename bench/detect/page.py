"""The table, for a terminal and for `docs/`. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.detect.counts import Counted
from bench.table import Row

PAGE = "docs/detection.md"
_HEAD = ("fault", "metric", "detected", "false alarms")


@dataclass(frozen=True, slots=True)
class Stored:
    """What one part found, as it lies on disk.

    Attributes:
        rows: Figures beside their targets, of parts that count no cases.
        machine: What the figures depend on.
    """

    part: str
    date: str
    version: str
    short: bool
    took_s: float
    machine: Mapping[str, Any]
    counted: tuple[Counted, ...] = ()
    rows: tuple[Row, ...] = field(default=())

    def of(self, *, mutants: bool) -> list[Counted]:
        """Its faulty bots, or its healthy ones."""
        return [one for one in self.counted if bool(one.metrics) == mutants]


def table(stored: Sequence[Stored]) -> list[tuple[str, ...]]:
    """Fault, metric, detected and false alarms of every mutant."""
    alarms = {
        (one.bot, name): one
        for part in stored
        for one in part.of(mutants=False)
        for name in one.names
    }
    return [
        (
            one.name + (f" ({one.defect})" if one.defect else ""),
            " or ".join(one.metrics),
            f"{one.noticed} of {one.judged}",
            _alarms(alarms.get((one.bot, one.name))),
        )
        for part in stored
        for one in part.of(mutants=True)
    ]


def _alarms(healthy: Counted | None) -> str:
    return "" if healthy is None else f"{healthy.noticed} of {healthy.judged}"


def targets(stored: Sequence[Stored]) -> list[Row]:
    """Everything that has a target, met or not."""
    mutants = [one for part in stored for one in part.of(mutants=True)]
    found: list[Row] = []
    for bot, named in (("demo", "demo bot"), ("pipecat", "Pipecat bot")):
        mine = [one for one in mutants if one.bot == bot]
        right = [one for one in mine if one.is_right]
        if mine:
            text = f"{len(right)} of {len(mine)} faults"
            every = f"{mine[0].asked} of {mine[0].asked} calls"
            found.append(Row(f"{named}: detected in {every}", text, "all", len(right) == len(mine)))
    for name, parts in (
        ("healthy bots in the faults' scenarios", ("alarms", "pipecat-alarms")),
        ("healthy bots in every style and on every line", ("healthy", "pipecat-healthy")),
    ):
        healthy = [one for part in stored if part.part in parts for one in part.of(mutants=False)]
        if healthy:
            blamed, calls = (sum(values) for values in zip(
                *((one.noticed, one.judged) for one in healthy), strict=True))  # fmt: skip
            short = sum(one.asked - one.judged for one in healthy if one.judged < one.asked)
            text = f"{blamed} of {calls} calls" + (f", {short} not judged" if short else "")
            found.append(Row(f"false alarms, {name}", text, "0", not blamed and not short))
    void = sum(one.void for part in stored for one in part.counted)
    calls = sum(one.judged for part in stored for one in part.counted)
    if calls:
        found.append(Row("calls this machine was too slow for, made again", f"{void} of {calls}"))
    return [*found, *(row for part in stored for row in part.rows)]


def page(stored: Sequence[Stored]) -> str:
    """The whole of `docs/detection.md`."""
    first = stored[0]
    facts = first.machine
    dates = sorted({part.date for part in stored})
    lines = [
        "# What is detected, and what is not blamed",
        "",
        "Written by `make detect ARGS=--write`; nothing here is edited by hand.",
        "Every row is a fault that is switched on in a bot, and called in real time with a "
        "scenario that a user would write.",
        "A fault counts as detected if the metric beside it was named: by a failed check, or by "
        "a note of an unusual value.",
        "A false alarm is any failed check, and any such note, of the same bot without the "
        "fault under the same scenario.",
        "Healthy Pipecat bots take one call at a time; while they take up another, their voice has "
        "gaps, which are no false alarm and not counted here.",
        "Calls that the machine was too slow for are made again; they are counted below.",
        "",
        f"Made {' and '.join(dates)} with pipecat-voice-test {first.version} on {facts['cores']} "
        f"cores, {facts['system']}, {facts['python']}."
        + (" Short form: few calls." if any(part.short for part in stored) else ""),
        "",
        "## Targets",
        "",
        *_markdown(
            ("", "measured", "target", "met"),
            [(row.what, row.measured, row.target, _MET[row.met]) for row in targets(stored)],
        ),
    ]
    for bot, title in (("demo", "The demo bot"), ("pipecat", "The Pipecat bot of `examples/`")):
        mine = [replaced for part in stored if (replaced := _of_bot(part, bot)) is not None]
        if rows := table(mine):
            lines += ["", f"## {title}", "", *_markdown(_HEAD, rows)]
            lines += ["", *_notes(mine)]
    healthy = [
        (one.name, f"{one.noticed} of {one.judged}", ", ".join(one.detectors))
        for part in stored
        if part.part.endswith("healthy")
        for one in part.counted
    ]
    if healthy:
        lines += ["", "## Healthy bots", ""]
        lines += _markdown(("bot, and the caller's line", "false alarms", "heard by"), healthy)
    return "\n".join(lines).rstrip() + "\n"


_MET = {True: "yes", False: "**no**", None: ""}


def _of_bot(part: Stored, bot: str) -> Stored | None:
    mine = tuple(one for one in part.counted if one.bot == bot)
    if not mine:
        return None
    return Stored(part.part, part.date, part.version, part.short, part.took_s, part.machine, mine)


def _notes(stored: Iterable[Stored]) -> list[str]:
    """What a reader should know, and what came out wrong."""
    lines = []
    for part in stored:
        for one in part.counted:
            if one.note and one.metrics:
                lines.append(f"- `{one.name}`: {one.note}.")
            if not one.is_right:
                told = "; ".join(one.told) or "nothing was named"
                lines.append(f"- **{one.name}**: {told}")
    return lines


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        _line(head),
        _line(["---"] * len(head)),
        *(_line([cell.replace("|", "\\|").replace("\n", " ") for cell in row]) for row in rows),
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
