"""Which event meets which expectation; DESIGN 5, "Flow" and the event table."""

from dataclasses import replace
from typing import Any

import pytest
from pipecat_voice_test.scenario.matching import (
    Anchors,
    Match,
    Occurrence,
    absent_until_ms,
    match_expectations,
    occurrences,
)
from pipecat_voice_test.scenario.model import EventName, Expectation

E = EventName
SAID = Anchors(1000.0, onset_ms=2000.0, speech_end_ms=3000.0)
LISTENING = Anchors(1000.0, speech_end_ms=1000.0)
NEVER_SPOKE = Anchors(1000.0)
ALIASES = {
    "llm_response": E.RESPONSE,
    "tts_response": E.RESPONSE,
    "llm_started": "bot_started_speaking",
}


def expected(*entries: str | tuple[str, dict[str, Any]]) -> list[Expectation]:
    """Expectations by the name a file gives them; a name nobody knows cannot be observed."""
    made = []
    for index, entry in enumerate(entries):
        name, fields = (entry, {}) if isinstance(entry, str) else entry
        event = ALIASES.get(name, name)
        observable = EventName(event) if event in set(EventName) else None
        made.append(Expectation(index, index + 1, observable, name, **fields))
    return made


def met(
    expect: list[Expectation], happened: list[tuple[str, float]], anchors: Anchors = SAID
) -> list[float | str | None]:
    """For each expectation the moment of what met it, None if nothing did, or "blocked"."""
    events = [Occurrence(EventName(name), at_ms) for name, at_ms in happened]
    return [_brief(match) for match in match_expectations(expect, events, anchors)]


def _brief(match: Match) -> float | str | None:
    if match.blocked:
        return "blocked"
    return None if match.occurrence is None else match.occurrence.at_ms


STOPPED, STARTED = "bot_stopped_speaking", "bot_started_speaking"


@pytest.mark.parametrize(
    ("expect", "happened", "moments"),
    [
        pytest.param(
            ["response", "clear"], [("clear", 1), ("response", 2), ("clear", 3)], [2, 3],
            id="they-are-met-in-order",
        ),
        pytest.param(
            ["clear", "response"], [(STARTED, 1), ("clear", 2), ("mark", 3), ("response", 4)],
            [2, 4], id="events-between-them-are-passed-over",
        ),
        pytest.param(
            ["response", "clear"], [("clear", 1), ("response", 2)], [2, None],
            id="what-came-before-the-one-above-does-not-count",
        ),
        pytest.param(
            ["response", STARTED], [("response", 2), (STARTED, 2)], [2, 2],
            id="one-reply-meets-one-expectation-of-each-name",
        ),
        pytest.param(
            ["response", "response"], [("response", 2)], [2, None],
            id="but-not-two-of-one-name",
        ),
        pytest.param(
            ["response", "response"], [("response", 2), ("response", 9)], [2, 9],
            id="the-next-response-is-the-next-turn",
        ),
        pytest.param(
            ["llm_response", "tts_response", "response"], [("response", 2)], [2, 2, 2],
            id="llm_response-and-tts_response-name-the-same-reply",
        ),
        pytest.param(
            ["llm_started", STARTED], [(STARTED, 2)], [2, 2],
            id="llm_started-means-bot_started_speaking",
        ),
        pytest.param(
            ["llm_response", "llm_response"], [("response", 2)], [2, None],
            id="an-alias-twice-wants-two",
        ),
        pytest.param(
            ["clear", "response", STOPPED], [("response", 2), (STOPPED, 3)],
            [None, "blocked", "blocked"], id="below-an-unmet-one-nothing-is-looked-for",
        ),
        pytest.param(
            ["function_call", "response"], [("response", 2)], [2],
            id="what-cannot-be-observed-is-left-out",
        ),
        pytest.param(
            ["response", ("clear", {"from_turn_start": True})], [("clear", 1), ("response", 2)],
            [2, 1], id="check_from-turn_start-looks-back",
        ),
        pytest.param(
            ["response", ("clear", {"from_turn_start": True}), STOPPED],
            [("clear", 1), (STOPPED, 1.5), ("response", 2), (STOPPED, 3)],
            [2, 1, 3], id="check_from-turn_start-does-not-turn-time-back",
        ),
    ],
)  # fmt: skip
def test_what_meets_what(
    expect: list[str | tuple[str, dict[str, Any]]],
    happened: list[tuple[str, float]],
    moments: list[float | None],
) -> None:
    assert met(expected(*expect), happened) == moments


@pytest.mark.parametrize(
    ("name", "moment"),
    [pytest.param(None, 5.0, id="any-mark"), pytest.param("b", 6.0, id="only-this-mark")],
)
def test_a_name_selects_a_mark(name: str | None, moment: float) -> None:
    happened = [Occurrence(E.MARK, 5.0, "a"), Occurrence(E.MARK, 6.0, "b")]
    (match,) = match_expectations(expected(("mark", {"mark_name": name})), happened, SAID)

    assert match.occurrence is not None
    assert match.occurrence.at_ms == moment


ABSENT = {"absent": True, "within_ms": 1500}


@pytest.mark.parametrize(
    ("expect", "happened", "moments"),
    [
        pytest.param([("response", ABSENT)], [("response", 4499)], [4499], id="within-it-breaks"),
        pytest.param([("response", ABSENT)], [("response", 4501)], [None], id="after-it-does-not"),
        pytest.param(
            [("response", ABSENT), "response"], [("response", 4600)], [None, 4600],
            id="one-that-held-does-not-block",
        ),
        pytest.param(
            [("clear", ABSENT)], [("clear", 2499), ("clear", 9)], [2499],
            id="it-counts-from-the-turns-start-for-what-is-on-the-wire",
        ),
        pytest.param(
            ["response", ("clear", ABSENT)], [("clear", 1100), ("response", 1200)], [1200, None],
            id="it-looks-from-where-the-one-above-was-met",
        ),
    ],
)  # fmt: skip
def test_what_must_be_absent(
    expect: list[str | tuple[str, dict[str, Any]]],
    happened: list[tuple[str, float]],
    moments: list[float | None],
) -> None:
    assert met(expected(*expect), happened) == moments


@pytest.mark.parametrize(
    ("event", "anchors", "until_ms"),
    [
        (E.RESPONSE, SAID, 4500.0),
        (E.CALL_ENDED, SAID, 4500.0),
        (E.BOT_INTERRUPTED, SAID, 3500.0),
        (E.BOT_STARTED_SPEAKING, SAID, 2500.0),
        (E.BOT_STOPPED_SPEAKING, SAID, 2500.0),
        (E.CLEAR, SAID, 2500.0),
        (E.MARK, SAID, 2500.0),
        (E.RESPONSE, LISTENING, 2500.0),
        (E.RESPONSE, NEVER_SPOKE, float("inf")),
        (E.BOT_INTERRUPTED, LISTENING, float("inf")),
    ],
)
def test_from_when_within_ms_counts(event: EventName, anchors: Anchors, until_ms: float) -> None:
    (expectation,) = expected((event.value, ABSENT))

    assert absent_until_ms(expectation, anchors) == until_ms
    assert absent_until_ms(replace(expectation, within_ms=0), anchors) == until_ms - 1500


def test_an_absence_without_a_limit_lasts_as_long_as_the_default_wait() -> None:
    (expectation,) = expected(("response", {"absent": True}))

    assert absent_until_ms(expectation, SAID) == 63_000


def happened(
    bot_turns: list[tuple[float, float]],
    *,
    anchors: Anchors = SAID,
    turns_over: int | None = None,
    answer_ms: float | None = None,
    yielded_ms: float | None = None,
    signals: tuple[Occurrence, ...] = (),
) -> list[tuple[str, float]]:
    over = len(bot_turns) if turns_over is None else turns_over
    found = occurrences(
        anchors,
        bot_turns=bot_turns,
        turns_over=over,
        signals=signals,
        answer_ms=answer_ms,
        yielded_ms=yielded_ms,
    )
    return [(occurrence.event.value, occurrence.at_ms) for occurrence in found]


def test_a_turn_that_ended_before_this_one_began_is_over_and_done() -> None:
    assert happened([(100, 900)]) == []


def test_a_turn_in_progress_can_end_but_not_begin() -> None:
    assert happened([(500, 1800)]) == [(STOPPED, 1800)]


def test_a_turn_that_is_not_known_to_be_over_has_not_stopped() -> None:
    assert happened([(3500, 5000)], turns_over=0, answer_ms=3500) == [
        (STARTED, 3500),
        ("response", 3500),
    ]


def test_only_turns_after_the_answer_are_further_responses() -> None:
    found = happened([(1200, 1900), (3500, 5000), (7000, 8000)], answer_ms=3500)

    assert [at_ms for name, at_ms in found if name == "response"] == [3500, 7000]


def test_an_answer_within_a_turn_of_the_bot_is_no_second_one() -> None:
    found = happened([(2500, 5000), (7000, 8000)], answer_ms=2500)

    assert [at_ms for name, at_ms in found if name == "response"] == [2500, 7000]


def test_before_the_caller_has_finished_there_is_no_further_response() -> None:
    speaking = Anchors(1000.0, onset_ms=2000.0)
    found = happened([(2500, 5000), (7000, 8000)], anchors=speaking, answer_ms=None)

    assert [name for name, _ in found if name == "response"] == []


def test_signals_from_before_the_turn_do_not_count() -> None:
    signals = Occurrence(E.CLEAR, 999.0), Occurrence(E.CLEAR, 1000.0)

    assert happened([], signals=signals) == [("clear", 1000)]


def test_everything_comes_in_order_of_time() -> None:
    found = happened(
        [(3500, 5000)],
        answer_ms=3500,
        yielded_ms=2300,
        signals=(Occurrence(E.CALL_ENDED, 6000.0), Occurrence(E.CLEAR, 2310.0)),
    )

    assert found == [
        ("bot_interrupted", 2300),
        ("clear", 2310),
        (STARTED, 3500),
        ("response", 3500),
        (STOPPED, 5000),
        ("call_ended", 6000),
    ]
