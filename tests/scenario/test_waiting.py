"""How long the caller waits in a turn, and when it has failed."""

import pytest
from pipecat_voice_test.scenario.matching import Anchors, Occurrence
from pipecat_voice_test.scenario.model import EventName, Expectation, Turn, TurnKind
from pipecat_voice_test.scenario.waiting import (
    State,
    Waiting,
    awaits_reply,
    only_skipped,
    quiet_needed_ms,
    yields_after_ms,
)

ANCHORS = Anchors(1000.0, 2000.0, 3000.0)  # Turn, onset, end of speech.
RESPONSE = EventName.RESPONSE
INTERRUPTED = EventName.BOT_INTERRUPTED
SKIPPED = Expectation(0, 1, None, "function_call")
MET, MISSED = State("", False), State("", True)


def expects(event: EventName, within_ms: int | None = None, **options: object) -> Expectation:
    return Expectation(0, 1, event, event.value, within_ms=within_ms, **options)  # type: ignore[arg-type]  # any field of it


@pytest.mark.parametrize(
    ("expected", "happened_ms", "at_ms", "state"),
    [
        pytest.param(expects(RESPONSE, 1500), 4000, 4000, MET, id="met"),
        pytest.param(expects(RESPONSE, 1500), None, 11_499, State("response", False), id="8-s"),
        pytest.param(expects(RESPONSE, 1500), None, 11_500, MISSED, id="missed-after-8-s"),
        pytest.param(
            expects(RESPONSE, 1500), 4600, 5099, State("response", False), id="late-but-heard-out"
        ),
        pytest.param(expects(RESPONSE, 1500), 4600, 5100, MISSED, id="late-but-measured"),
        pytest.param(expects(RESPONSE, 1500), 4515, 4600, MET, id="not-sure-to-be-late"),
        pytest.param(expects(RESPONSE), 60_000, 60_000, MET, id="no-limit-no-lateness"),
        pytest.param(expects(RESPONSE), None, 63_499, State("response", False), id="60-s"),
        pytest.param(expects(RESPONSE), None, 63_500, MISSED, id="missed-after-60-s"),
        pytest.param(
            expects(INTERRUPTED, 600), None, 4499, State("bot_interrupted", False), id="stop-2-s"
        ),
        pytest.param(expects(INTERRUPTED, 600), None, 4500, MISSED, id="stop-none-after-2-s"),
        pytest.param(expects(EventName.CLEAR, 500), 1200, 4000, MET, id="clear-from-turn-start"),
        pytest.param(expects(EventName.CLEAR, 500), 1700, 4000, MISSED, id="clear-late"),
        pytest.param(
            expects(INTERRUPTED, 1500, absent=True), None, 3999,
            State("no bot_interrupted", False), id="window",
        ),
        pytest.param(expects(INTERRUPTED, 1500, absent=True), None, 4000, MET, id="held"),
        pytest.param(
            expects(INTERRUPTED, 1500, absent=True), 3400, 3899,
            State("no bot_interrupted", False), id="broken-but-heard-out",
        ),
        pytest.param(expects(INTERRUPTED, 1500, absent=True), 3400, 3900, MISSED, id="broken"),
        pytest.param(
            expects(INTERRUPTED, 1500, absent=True), 3490, 3990, MET, id="not-sure-to-be-broken"
        ),
        pytest.param(
            expects(INTERRUPTED, 1500, absent=True), 3600, 4000, MET, id="broken-too-late"
        ),
    ],
)  # fmt: skip
def test_how_a_turn_stands(
    expected: Expectation, happened_ms: float | None, at_ms: float, state: State
) -> None:
    assert expected.event is not None
    happened = [] if happened_ms is None else [Occurrence(expected.event, happened_ms)]

    assert Waiting([expected], ANCHORS).look(happened, at_ms) == state


def test_what_stands_behind_a_missed_expectation_is_not_waited_for() -> None:
    waiting = Waiting([expects(RESPONSE, 1000), expects(EventName.MARK, 90_000)], ANCHORS)

    assert waiting.look([], 11_500) == MISSED


def test_news_are_looked_at() -> None:
    waiting = Waiting([expects(RESPONSE)], ANCHORS)

    assert waiting.look([], 3500) == State("response", False)
    assert waiting.look([Occurrence(RESPONSE, 3600.0)], 3700) == MET


@pytest.mark.parametrize(
    ("expect", "awaits"),
    [
        pytest.param((), False, id="nothing-expected"),
        pytest.param((expects(RESPONSE),), True, id="a-reply"),
        pytest.param((SKIPPED,), True, id="only-skipped-checks"),
        pytest.param((expects(RESPONSE, 500, absent=True),), False, id="the-absence-of-one"),
        pytest.param((expects(EventName.CLEAR),), False, id="something-on-the-wire"),
        pytest.param((SKIPPED, expects(EventName.BOT_STOPPED_SPEAKING)), True, id="its-end"),
    ],
)
def test_whether_a_turn_awaits_a_reply(expect: tuple[Expectation, ...], awaits: bool) -> None:
    assert awaits_reply(Turn(0, 1, TurnKind.TURN, expect=expect)) == awaits


def test_before_the_first_turn_no_reply_is_awaited() -> None:
    assert not awaits_reply(None)


@pytest.mark.parametrize(
    ("turn_gap_ms", "expect", "quiet_ms"),
    [
        pytest.param(1200, (expects(RESPONSE),), 1200, id="turn-gap"),
        pytest.param(1200, (SKIPPED,), 4000, id="4000-after-a-skipped-check"),
        pytest.param(1200, (expects(RESPONSE, text_contains="x"),), 4000, id="4000-after-a-text"),
        pytest.param(6000, (SKIPPED,), 6000, id="a-longer-turn-gap-stays"),
    ],
)
def test_how_long_the_bot_must_be_quiet(
    turn_gap_ms: float, expect: tuple[Expectation, ...], quiet_ms: float
) -> None:
    before = Turn(0, 1, TurnKind.TURN, expect=expect)

    assert quiet_needed_ms(before, turn_gap_ms) == quiet_ms


@pytest.mark.parametrize(
    ("expect", "after_ms"),
    [
        pytest.param((expects(INTERRUPTED),), 400, id="soon-when-one-is-expected"),
        pytest.param((expects(INTERRUPTED, absent=True),), 1200, id="surely-when-none-may-come"),
    ],
)
def test_when_silence_is_taken_for_yielding(
    expect: tuple[Expectation, ...], after_ms: float
) -> None:
    turn = Turn(0, 1, TurnKind.DISTRACTOR, expect=expect)

    assert yields_after_ms(turn, 800.0) == after_ms


def test_a_turn_of_skipped_checks_holds_nothing_to_judge() -> None:
    assert only_skipped(Turn(0, 1, TurnKind.TURN, expect=(SKIPPED,)))
    assert not only_skipped(Turn(0, 1, TurnKind.TURN, expect=(SKIPPED, expects(RESPONSE))))
