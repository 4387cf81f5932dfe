"""Was this machine fit to judge the bot? METRICS 7, P-22.

A machine that could not keep time itself makes a call void. One that kept time, and had no CPU
to spare, may have made the bot late all the same: a phone line sleeps most of the time, a bot
may have to think. It was slowed then, and may have missed a limit by so much. If the line itself
was let in late, though not too late, the bot may have missed anything. In neither case is
held against it what lack of CPU explains; what it sent wrong is its own.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from pipecat_voice_test.measurement.results import Check, Verdict
from pipecat_voice_test.measurement.value import FROM_ITS_MOMENT
from pipecat_voice_test.measurement.wording import number
from pipecat_voice_test.timeline import Rig

LATE_P99_MS = 20.0  # P-22, METRICS 7
LATE_MAX_MS = 100.0
LOOP_STALL_MS = 100.0
READ_LAG_MS = 100.0
READ_LAGS = 2
STOLEN = 0.05  # METRICS 7: said from here on.

# With two busy processes on two CPUs no CPU is ever free, and without them one nearly always is
# (a stock bot and its caller use a tenth of one), so where the limit lies matters little.
STARVED = 0.25
# Or only around what went wrong, in a long call.
STARVED_FOR_MS = 1000.0
BEFORE_MS = 5000.0
AFTER_MS = 2000.0

# So many times slower may a bot be that shares its CPU with others, while a line that sleeps most
# of the time is in time: measured are 2 to 9 ms late with CPUs that are busy with this and that,
# and 11 ms and more with processes that never sleep.
SLOWED = 3.0
PUNCTUAL_MS = 10.0

# What the bot said or sent, however late: no lack of CPU explains it. How many calls passed is
# counted over calls that were excused already.
CERTAIN = frozenset(
    {
        "protocol", "file_header", "linear_pcm", "byte_swapped", "a_law", "double_base64",
        "wrong_speed", "looped", "level", "clipping", "dc_offset", "passed",
    }
)  # fmt: skip

# What only counts that another check of the turn was missed, or not in time.
COUNTING = frozenset({"missed_turn", "greeting_missing", "barge_in_ok"})

_FIX = "run fewer calls at once (`--workers`), or give the job more CPU"


def why_void(rig: Rig) -> str:
    """Why this machine was too slow to judge the bot, or empty."""
    for name, value_ms, limit_ms in (
        ("late_p99", rig.late_p99_ms, LATE_P99_MS),
        ("late_max", rig.late_max_ms, LATE_MAX_MS),
        ("loop_stall", rig.loop_stall_ms, LOOP_STALL_MS),
    ):
        if value_ms > limit_ms:
            shown = number(value_ms, beside=limit_ms)
            return _too_slow(f"{name} was {shown} ms, limit {limit_ms:.0f}")
    if rig.read_lags >= READ_LAGS:
        shown = number(rig.read_lag_ms, beside=READ_LAG_MS)
        times = f"{rig.read_lags} times over the limit of {READ_LAG_MS:.0f}"
        return _too_slow(f"read_lag was {shown} ms, {times}")
    return ""


def _too_slow(figure: str) -> str:
    return f"this machine was too slow to judge the bot: {figure}\n  Fix: {_FIX}"


def why_starved(rig: Rig) -> str:
    """Why the bot may have got too little CPU in this call, or empty."""
    if rig.starved is not None and rig.starved > STARVED:
        return f"no CPU was free in {rig.starved:.0%} of the call, limit {STARVED:.0%}"
    if rig.stolen is not None and rig.stolen > STARVED:
        return (
            f"{rig.stolen:.0%} of the CPU time was taken by the host or by a quota, "
            f"limit {STARVED:.0%}"
        )
    return ""


def excused(checks: Sequence[Check], rig: Rig) -> tuple[list[Check], str]:
    """Take back the failures that a lack of CPU explains.

    Returns:
        The checks, and why some of them are inconclusive now; empty if none is.
    """
    whole = why_starved(rig)
    reasons = [
        (whole or _why_starved_then(check, rig)) if _explained(check, rig) else ""
        for check in checks
    ]
    turns = {check.turn for check, reason in zip(checks, reasons, strict=True) if reason}
    because = next(filter(None, reasons), "")
    kept = [
        _taken_back(check) if reason or _only_counts(check, turns) else check
        for check, reason in zip(checks, reasons, strict=True)
    ]
    return kept, because and _starving(because)


def excused_over(checks: Iterable[Check], rigs: Iterable[Rig]) -> list[Check]:
    """The same for gates over several calls: one that was starved spoils what is pooled."""
    starved = [rig for rig in rigs if why_starved(rig)]
    return [
        _taken_back(check, f" (in a call that counts {why_starved(starved[0])})")
        if any(_explained(check, rig) for rig in starved)
        else check
        for check in checks
    ]


def rig_notes(rig: Rig) -> Iterable[str]:
    """What METRICS 7 warns of without voiding the call."""
    if rig.stolen is not None and rig.stolen > STOLEN:
        yield (
            f"steal was {rig.stolen:.0%} of the CPU time, usual is at most {STOLEN:.0%}: the host "
            "or a quota took it Fix: take a machine that is not shared, or raise the job's CPU "
            "limit."
        )


def _explained(check: Check, rig: Rig) -> bool:
    """Whether too little CPU can have made a check fail."""
    if check.verdict is not Verdict.FAILED or check.metric in CERTAIN:
        return False
    if rig.late_p99_ms > PUNCTUAL_MS or (rig.stolen is not None and rig.stolen > STARVED):
        return True
    if check.value is None or check.limit is None:
        return False
    return check.limit < check.value <= SLOWED * check.limit


def _only_counts(check: Check, turns: Collection[int | None]) -> bool:
    """Whether a check failed because another did, of a turn in which that was taken back."""
    failed = check.verdict is Verdict.FAILED and check.metric in COUNTING
    return failed and bool(turns) and (check.turn is None or check.turn in turns)


def _why_starved_then(check: Check, rig: Rig) -> str:
    if check.at_ms is None:
        return ""
    missed_ms = check.at_ms
    if check.metric in FROM_ITS_MOMENT and check.value is not None:
        missed_ms += check.value
    begin_ms, end_ms = missed_ms - BEFORE_MS, missed_ms + AFTER_MS
    starved_ms = sum(
        max(0.0, min(end, end_ms) - max(begin, begin_ms)) for begin, end in rig.starvations
    )
    if starved_ms < STARVED_FOR_MS:
        return ""
    return f"no CPU was free for {starved_ms:.0f} ms about {missed_ms / 1000:.1f} s into the call"


def _starving(why: str) -> str:
    return (
        f"this machine had too little CPU for the bot, so what it missed is not held against it: "
        f"{why}\n"
        f"  Fix: {_FIX}; a bot that alone uses all there is needs more"
    )


def _taken_back(check: Check, why: str = "") -> Check:
    return replace(check, verdict=Verdict.INCONCLUSIVE, message=check.message + why)
