"""What really happened, by the demo bot's own log, beside what was measured. Pure.

The bot's moments are on CLOCK_MONOTONIC, as is `t0_monotonic_ns` of a call, so the caller's
speech in its log and in the result of the call are the same moment to a few milliseconds.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipecat_voice_test.measurement.results import TurnFacts

SAME_MS = 300.0  # Edges of speech that are closer belong to one utterance.

Entry = Mapping[str, Any]
Pair = tuple[float | None, float | None]  # Measured and true; None where there is none.


def calls_of(log: Iterable[str]) -> dict[str, list[Entry]]:
    """The lines of a log by `call_sid`, in their order."""
    calls: dict[str, list[Entry]] = defaultdict(list)
    for line in log:
        entry = json.loads(line)
        calls[entry["call_sid"]].append(entry)
    return calls


def response_pairs(turns: Sequence[TurnFacts], entries: Sequence[Entry], t0_ns: int) -> list[Pair]:
    """`response_ms` of each turn that was spoken; of a barge-in that is the recovery."""
    return [
        (turn.response_ms, _true_ms(entries, "answer", "caller_end", turn.said[1], t0_ns))
        for turn in turns
        if turn.said is not None
    ]


def stop_pairs(turns: Sequence[TurnFacts], entries: Sequence[Entry], t0_ns: int) -> list[Pair]:
    """`stop_ms` of each turn that interrupted, in truth or as measured."""
    pairs = [
        (turn.stop_ms, _true_ms(entries, "stopped", "caller_onset", turn.said[0], t0_ns))
        for turn in turns
        if turn.said is not None
    ]
    return [pair for pair in pairs if pair != (None, None)]


def _true_ms(
    entries: Sequence[Entry], event: str, since: str, near_ms: float, t0_ns: int
) -> float | None:
    """From the caller's edge `since` to the event that followed from it."""
    found = [
        (abs((entry[f"{since}_ns"] - t0_ns) / 1e6 - near_ms), entry)
        for entry in entries
        if entry["event"] == event and f"{since}_ns" in entry
    ]
    if not found:
        return None
    distance_ms, entry = min(found, key=lambda candidate: candidate[0])
    true_ms: float = entry["at_ms"] - entry[f"{since}_ms"]
    return true_ms if distance_ms <= SAME_MS else None
