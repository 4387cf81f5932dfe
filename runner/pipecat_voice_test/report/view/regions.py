"""Who speaks when, and where the bot's voice falls on the caller's or breaks off."""

from collections.abc import Iterator, Sequence

from pipecat_voice_test.measurement.channels import Hearing, Span, Utterance
from pipecat_voice_test.measurement.results import CallResult
from pipecat_voice_test.measurement.turn_taking import turn_taking
from pipecat_voice_test.report.view.model import Evidence, Lane, Region, RegionKind
from pipecat_voice_test.report.view.words import length, shown
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.timeline import PlaybackCleared

CUT_IN = "cut_in"


def regions_of(call: CallResult, evidence: Evidence) -> tuple[Region, ...]:
    """Every stretch of both lanes, oldest first; where two begin together, speech is first."""
    bursts = bursts_of(call)
    found = [
        *_said(call),
        *(Region(Lane.BOT, RegionKind.SPEECH, *burst) for burst in bursts),
        *_cut_ins(call, bursts, evidence),
        *_talk_overs(call, bursts),
        *(
            Region(Lane.BOT, RegionKind.GAP, start_ms, end_ms, f"hole, {length(end_ms - start_ms)}")
            for start_ms, end_ms in call.gaps
        ),
    ]
    order = list(RegionKind)
    return tuple(sorted(found, key=lambda region: (region.from_ms, order.index(region.kind))))


def bursts_of(call: CallResult) -> tuple[Span, ...]:
    """The bot's bursts, each once: turns in which the caller only listens share theirs."""
    return tuple(sorted({Span(*burst) for turn in call.turns for burst in turn.heard}))


def _said(call: CallResult) -> Iterator[Region]:
    for turn in call.turns:
        if turn.said is not None:
            text = shown(turn.text or "")
            if turn.kind is TurnKind.DTMF:
                text = shown(f"keys {turn.keys}").rstrip()
            yield Region(Lane.CALLER, RegionKind.SPEECH, *turn.said, text)


def _cut_ins(call: CallResult, bursts: Sequence[Span], evidence: Evidence) -> Iterator[Region]:
    """METRICS `cut_in`, by its own rule, and what its check points at."""
    hearing = Hearing(bursts=tuple(bursts), clears=tuple(_clears(evidence)))
    for turn in call.turns:
        if turn.said is None or turn.kind is not TurnKind.TURN:
            continue
        start_ms, end_ms = turn.said
        said = Utterance(turn.index, turn.kind, (Span(start_ms, end_ms),))
        found = turn_taking(said, hearing, until_ms=end_ms, answer_due=False, within_ms=None)
        intruding = {cut_in.burst for cut_in in found.cut_ins}
        pointed_at = {
            check.at_ms
            for check in call.checks
            if check.metric == CUT_IN and check.turn == turn.index and check.value
        }
        intruding |= {
            burst
            for burst in bursts
            if burst.start_ms in pointed_at and start_ms < burst.start_ms < end_ms
        }
        for burst in sorted(intruding):
            yield _overlap(RegionKind.CUT_IN, burst.start_ms, min(burst.end_ms, end_ms), "cut-in")


def _clears(evidence: Evidence) -> Iterator[PlaybackCleared]:
    for event in evidence.events:
        discarded_ms = event.get("discarded_ms")
        if event["event"] == "playback_cleared" and isinstance(discarded_ms, int | float):
            yield PlaybackCleared(float(event["t"]), float(discarded_ms))


def _talk_overs(call: CallResult, bursts: Sequence[Span]) -> Iterator[Region]:
    """What the bot went on saying over an interruption, until it yielded, if it did."""
    for turn in call.turns:
        if turn.said is None or turn.kind is not TurnKind.BARGE_IN:
            continue
        start_ms, end_ms = turn.said
        if turn.stop_ms is not None:
            end_ms = min(end_ms, start_ms + turn.stop_ms)
        for burst in bursts:
            from_ms, to_ms = max(burst.start_ms, start_ms), min(burst.end_ms, end_ms)
            if to_ms > from_ms:
                yield _overlap(RegionKind.TALK_OVER, from_ms, to_ms, "talk-over")


def _overlap(kind: RegionKind, from_ms: float, to_ms: float, what: str) -> Region:
    return Region(Lane.BOT, kind, from_ms, to_ms, f"{what}, {length(to_ms - from_ms)}")
