"""Which event meets which expectation: the rules of `expect:`, for the caller and the judge.

The caller asks while the call goes on, to know whether to wait; the judge asks afterwards,
with edges measured to the millisecond. Both get the same answer from the same function.

Expectations are met in order, events between them are passed over, and an event meets one
expectation of each name as it is written: `llm_response` and `tts_response` may name the same
reply, a second `response` is the next one (DESIGN 5, "Flow").
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipecat_voice_test.scenario.model import EventName, Expectation

DEFAULT_WITHIN_MS = 60_000  # As in Pipecat's evals.


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event that can be expected, at `at_ms` of call time; `name` is a mark's."""

    event: EventName
    at_ms: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Anchors:
    """The moments from which `within_ms` counts in a turn; DESIGN 5, the event table.

    Attributes:
        began_ms: The turn's start; for a listening turn the end of the turn before.
        onset_ms: Where the caller's speech, or first key, begins; None if there is none yet.
        speech_end_ms: Where it ends; None if it has not ended yet.
    """

    began_ms: float
    onset_ms: float | None = None
    speech_end_ms: float | None = None

    def of(self, event: EventName) -> float | None:
        """From when `within_ms` counts for this event; None if that is not known yet."""
        match event:
            case EventName.RESPONSE | EventName.CALL_ENDED:
                return self.speech_end_ms
            case EventName.BOT_INTERRUPTED:
                return self.onset_ms
            case _:
                return self.began_ms


def occurrences(
    anchors: Anchors,
    *,
    bot_turns: Sequence[tuple[float, float]],
    turns_over: int,
    signals: Sequence[Occurrence],
    answer_ms: float | None,
    yielded_ms: float | None,
) -> list[Occurrence]:
    """Everything a turn with these anchors can expect, oldest first.

    Args:
        anchors: The turn's own moments.
        bot_turns: `(start_ms, end_ms)` of the bot's turns at the ear.
        turns_over: How many of them are known to be over.
        signals: What was seen on the wire, and the bot's hanging up.
        answer_ms: Onset of the first reply to this turn.
        yielded_ms: When the bot yielded to this turn's speech.
    """
    happened = [signal for signal in signals if signal.at_ms >= anchors.began_ms]
    for index, (start_ms, end_ms) in enumerate(bot_turns):
        if end_ms < anchors.began_ms:
            continue
        if start_ms >= anchors.began_ms:
            happened.append(Occurrence(EventName.BOT_STARTED_SPEAKING, start_ms))
        if index < turns_over:
            happened.append(Occurrence(EventName.BOT_STOPPED_SPEAKING, end_ms))
        # One reply meets one expectation: the next `response` is the next bot turn.
        if answer_ms is not None and anchors.speech_end_ms is not None:
            later = start_ms > max(answer_ms, anchors.speech_end_ms)
            if later:
                happened.append(Occurrence(EventName.RESPONSE, start_ms))
    if answer_ms is not None:
        happened.append(Occurrence(EventName.RESPONSE, answer_ms))
    if yielded_ms is not None:
        happened.append(Occurrence(EventName.BOT_INTERRUPTED, yielded_ms))
    return sorted(happened, key=lambda occurrence: occurrence.at_ms)


@dataclass(frozen=True, slots=True)
class Match:
    """What met an expectation; for an `absent` one, what broke it.

    `blocked` says that it was never looked for, because one above it was not met.
    """

    expectation: Expectation
    occurrence: Occurrence | None
    blocked: bool = False


def match_expectations(
    expect: Sequence[Expectation], happened: Sequence[Occurrence], anchors: Anchors
) -> list[Match]:
    """Hold a turn's expectations against what happened in it, oldest first.

    Args:
        expect: The turn's expectations; those that cannot be observed are left out.
        happened: Everything that counts for this turn, in order of time.
        anchors: From when `within_ms` of an `absent` expectation counts.
    """
    matches: list[Match] = []
    used: set[tuple[str, int]] = set()
    cursor_ms = float("-inf")
    blocked = False
    for expectation in expect:
        if expectation.event is None:
            continue
        if blocked:
            matches.append(Match(expectation, None, blocked=True))
            continue
        from_ms = float("-inf") if expectation.from_turn_start else cursor_ms
        found = _first(expectation, happened, from_ms, used, anchors)
        if found is None:
            matches.append(Match(expectation, None))
            blocked = not expectation.absent
            continue
        occurrence = happened[found]
        matches.append(Match(expectation, occurrence))
        if not expectation.absent:
            used.add((expectation.written, found))
            cursor_ms = max(cursor_ms, occurrence.at_ms)
    return matches


def _first(
    expectation: Expectation,
    happened: Sequence[Occurrence],
    from_ms: float,
    used: set[tuple[str, int]],
    anchors: Anchors,
) -> int | None:
    until_ms = absent_until_ms(expectation, anchors) if expectation.absent else None
    for index, occurrence in enumerate(happened):
        if occurrence.event is not expectation.event or occurrence.at_ms < from_ms:
            continue
        if expectation.mark_name is not None and occurrence.name != expectation.mark_name:
            continue
        if (expectation.written, index) in used:
            continue
        if until_ms is not None and occurrence.at_ms > until_ms:
            return None
        return index
    return None


def absent_until_ms(expectation: Expectation, anchors: Anchors) -> float:
    """When an `absent` expectation has held; infinite while its anchor is not known."""
    assert expectation.event is not None
    anchor_ms = anchors.of(expectation.event)
    if anchor_ms is None:
        return float("inf")
    within_ms = expectation.within_ms
    return anchor_ms + (DEFAULT_WITHIN_MS if within_ms is None else within_ms)
