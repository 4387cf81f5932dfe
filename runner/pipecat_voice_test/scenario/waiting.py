"""How long the caller waits in a turn, and for what; DESIGN 5, "Flow"."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipecat_voice_test.scenario.ear import YIELDED_MS
from pipecat_voice_test.scenario.matching import (
    DEFAULT_WITHIN_MS,
    Anchors,
    Match,
    Occurrence,
    absent_until_ms,
    match_expectations,
)
from pipecat_voice_test.scenario.model import EventName, Expectation, Turn

QUIET_FOR_TEXT_MS = 4000
# What is late is waited for beyond its limit, so that the report can say how late it was.
MEASURED_UP_TO_MS = 8000
YIELD_WINDOW_MS = 2000  # METRICS `stop` has no value after that.
KNOWN_AFTER_MS = 500  # The ear knows of a yielding 400 ms later, of an onset after 100.
# The caller gives a turn up only if the judge must fail it too: his ear is less exact (M-1), and
# a call that ends for a failure nobody reports would pass with turns left out.
ACCURACY_MS = 20
SURELY_YIELDED_MS = 1200  # METRICS `false_yield`: not resumed by then.


@dataclass(frozen=True, slots=True)
class State:
    """How a turn stands.

    Attributes:
        pending: What is still waited for, for people; empty when nothing is.
        failed: Whether some expectation can no longer be met.
    """

    pending: str
    failed: bool


class Waiting:
    """Follows the expectations of one turn; asked once per frame."""

    def __init__(self, expect: Sequence[Expectation], anchors: Anchors) -> None:
        self._expect = expect
        self._anchors = anchors
        self._seen: list[Occurrence] | None = None
        self._matches: list[Match] = []

    def look(self, happened: list[Occurrence], at_ms: float) -> State:
        """Hold what happened up to `at_ms` against the turn's expectations."""
        if happened is not self._seen:
            self._seen = happened
            self._matches = match_expectations(self._expect, happened, self._anchors)
        pending = ""
        failed = False
        for match in self._matches:
            state = self._state(match, at_ms)
            pending = pending or state.pending
            failed = failed or state.failed
        return State(pending, failed)

    def _state(self, match: Match, at_ms: float) -> State:
        expectation = match.expectation
        if expectation.absent:
            return self._absent_state(expectation, match.occurrence, at_ms)
        if match.occurrence is not None:
            late = self._is_late(expectation, match.occurrence)
            # It is heard out: of speech cut off at its onset the judge knows nothing.
            if late and at_ms < match.occurrence.at_ms + KNOWN_AFTER_MS:
                return State(expectation.written, False)
            return State("", late)
        if match.blocked:
            return State("", False)
        if at_ms < self._deadline_ms(expectation):
            return State(expectation.written, False)
        return State("", True)

    def _absent_state(
        self, expectation: Expectation, occurrence: Occurrence | None, at_ms: float
    ) -> State:
        """What broke it is heard out, as what is late."""
        until_ms = absent_until_ms(expectation, self._anchors)
        known_ms = (until_ms if occurrence is None else occurrence.at_ms) + KNOWN_AFTER_MS
        if at_ms < known_ms:
            return State(f"no {expectation.written}", False)
        return State("", occurrence is not None and occurrence.at_ms <= until_ms - ACCURACY_MS)

    def _is_late(self, expectation: Expectation, occurrence: Occurrence) -> bool:
        if expectation.within_ms is None:
            return False
        anchor_ms = self._anchors.of(occurrence.event)
        latest_ms = expectation.within_ms + ACCURACY_MS
        return anchor_ms is not None and occurrence.at_ms - anchor_ms > latest_ms

    def _deadline_ms(self, expectation: Expectation) -> float:
        assert expectation.event is not None
        anchor_ms = self._anchors.of(expectation.event)
        if anchor_ms is None:
            anchor_ms = self._anchors.began_ms
        if expectation.event is EventName.BOT_INTERRUPTED:
            wait_ms = max(YIELD_WINDOW_MS, expectation.within_ms or 0)
        elif expectation.within_ms is None:
            wait_ms = DEFAULT_WITHIN_MS
        else:
            wait_ms = max(MEASURED_UP_TO_MS, expectation.within_ms)
        return anchor_ms + wait_ms + KNOWN_AFTER_MS


def only_skipped(turn: Turn) -> bool:
    """Whether nothing of the turn's expectations can be observed."""
    return all(expectation.event is None for expectation in turn.expect)


def awaits_reply(turn: Turn | None) -> bool:
    """Whether the caller waits for the bot to say something in this turn."""
    if turn is None or not turn.expect:
        return False
    return only_skipped(turn) or any(
        expectation.event in _REPLIES and not expectation.absent for expectation in turn.expect
    )


_REPLIES = frozenset(
    {EventName.RESPONSE, EventName.BOT_STARTED_SPEAKING, EventName.BOT_STOPPED_SPEAKING}
)


def yields_after_ms(turn: Turn, turn_gap_ms: float) -> float:
    """How long the bot must be silent for the caller to take it for a yielding.

    Where none may come it has to be beyond doubt, and not a breath of the bot.
    """
    none_may_come = any(
        expectation.absent and expectation.event is EventName.BOT_INTERRUPTED
        for expectation in turn.expect
    )
    return max(SURELY_YIELDED_MS, turn_gap_ms) if none_may_come else YIELDED_MS


def quiet_needed_ms(before: Turn | None, turn_gap_ms: float) -> float:
    """How long the bot must be quiet before a polite caller goes on.

    A turn with a text condition or a skipped check may be answered in several pieces, and
    nobody can tell from the sound which of them was the one.
    """
    if before is None:
        return turn_gap_ms
    unheard = any(e.event is None or e.text_conditions for e in before.expect)
    return max(turn_gap_ms, QUIET_FOR_TEXT_MS) if unheard else turn_gap_ms
