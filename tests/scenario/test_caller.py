"""What the caller does when: every sentence of DESIGN 5, "Flow".

The bot's voice is heard to 10 ms while the call goes on, and the caller comes up to 20 ms late,
so moments are compared with `between(wanted, wanted + 30)`.
"""

from pathlib import Path
from typing import Any

import pytest
from audio.sounds import tone
from pipecat_voice_test.timeline import KeyPressed, MarkReceived, PlaybackCleared, ScriptedWait

from scenario.conversations import LEAD_MS, FakeClip, clip, talk

GREETING = [(500.0, 2500.0)]
LISTEN = """
  - expect: [{event: response}]"""


def between(low: float, high: float) -> Any:
    """Compares equal to every number from `low` to `high`."""
    return pytest.approx((low + high) / 2, abs=(high - low) / 2 + 0.01)


# --- the polite caller ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expects", "quiet_ms"),
    [
        pytest.param("{event: response}", 1200, id="turn-gap-by-default"),
        pytest.param("{event: response, text_contains: hi}", 4000, id="4000-after-a-text"),
        pytest.param("{event: response, eval: polite}", 4000, id="4000-after-a-judged-text"),
        pytest.param("{event: response, lasts_at_least_ms: 9}", 1200, id="turn-gap-after-a-length"),
        pytest.param(
            "{event: response}, {event: function_call, name: x}", 4000, id="4000-after-a-skipped"
        ),
    ],
)
def test_the_caller_lets_the_bot_finish(tmp_path: Path, expects: str, quiet_ms: int) -> None:
    held = talk(tmp_path, f"turns:\n  - expect: [{expects}]\n  - user: hi", bot=GREETING)

    assert held.onset_ms(1) - LEAD_MS == between(2500 + quiet_ms, 2530 + quiet_ms)


def test_the_turn_gap_is_the_scenarios(tmp_path: Path) -> None:
    held = talk(tmp_path, f"turn_gap_ms: 600\nturns:{LISTEN}\n  - user: hi", bot=GREETING)

    assert held.onset_ms(1) - LEAD_MS == between(3100, 3130)


def test_a_breath_of_the_bot_is_not_its_end(tmp_path: Path) -> None:
    bot = [(500.0, 1500.0), (2400.0, 3000.0), (4100.0, 5000.0)]
    held = talk(tmp_path, f"turns:{LISTEN}\n  - user: hi", bot=bot)

    assert held.onset_ms(1) - LEAD_MS == between(6200, 6230)


def test_a_click_of_the_bot_does_not_start_the_wait_again(tmp_path: Path) -> None:
    """METRICS 2, rule 4: less than 60 ms is not speech."""
    bot = [*GREETING, (3000.0, 3035.0)]
    held = talk(tmp_path, f"turns:{LISTEN}\n  - user: hi", bot=bot)

    assert held.onset_ms(1) - LEAD_MS == between(3700, 3730)


def test_after_30_s_the_caller_speaks_anyway_with_a_note(tmp_path: Path) -> None:
    held = talk(tmp_path, f"turns:{LISTEN}\n  - user: hi", bot=[(500.0, 90_000.0)])
    met_ms = held.ended_ms(0)

    assert held.onset_ms(1) - LEAD_MS == met_ms + 30_000
    assert (
        held.notes()[0] == "the bot had not finished after 30000 ms; the caller went on with turn 2"
    )


# --- `send_after` -----------------------------------------------------------------------------

ASKED = f"turns:{LISTEN}\n  - user: question\n    expect: [{{event: response}}]\n"


def after(event: str, delay_ms: int, say: str = "user: hi") -> str:
    return f"  - {say}\n    send_after: {{event: {event}, delay_ms: {delay_ms}}}\n"


@pytest.mark.parametrize(
    ("event", "replies", "wanted_ms"),
    [
        pytest.param("bot_started_speaking", [(800, 9000)], 1800, id="the-bots-start"),
        pytest.param("bot_stopped_speaking", [(800, 2000)], 2000 + 1500, id="the-bots-end"),
        pytest.param("response", [(800, 2000)], 2000 + 1500, id="response-means-its-end"),
        pytest.param("user_stopped_speaking", [(800, 9000)], 1000, id="the-callers-own-end"),
        pytest.param("user_started_speaking", [(800, 9000)], 900, id="the-callers-own-start-past"),
        pytest.param("clear", [(800, 9000)], 1100 + 1000, id="clear"),
        pytest.param("mark", [(800, 9000)], 1200 + 1000, id="mark"),
    ],
)
def test_a_turn_begins_after_an_event(
    tmp_path: Path, event: str, replies: list[tuple[float, float]], wanted_ms: float
) -> None:
    """`send_after` aims at the onset of speech, not at the clip's first sample."""
    # The question ends here; found by a first run, so that wire events can be placed after it.
    asked_ms = talk(tmp_path, ASKED, bot=GREETING, replies={1: replies}).end_ms(1)
    wire = [PlaybackCleared(asked_ms + 1100, 0.0), MarkReceived(asked_ms + 1200, "m")]
    delay_ms = 1500 if "stopped" in event or event == "response" else 1000
    delay_ms = 1000 if "user" in event else delay_ms
    held = talk(
        tmp_path, ASKED + after(event, delay_ms), bot=GREETING, replies={1: replies}, events=wire
    )
    # A moment that has passed when the turn comes up is made up for at once.
    earliest_ms = held.ended_ms(1) + LEAD_MS
    wanted_ms = max(asked_ms + wanted_ms, earliest_ms)

    assert held.onset_ms(2) == between(wanted_ms - 10, wanted_ms + 30)


def test_a_text_condition_does_not_hold_up_a_turn_after_an_event(tmp_path: Path) -> None:
    turns = (
        f"turns:{LISTEN}\n  - user: question\n    expect: [{{event: response, eval: x}},"
        " {event: function_call, name: f}]\n"
    )
    held = talk(
        tmp_path,
        turns + after("bot_started_speaking", 1000),
        bot=GREETING,
        replies={1: [(800, 9000)]},
    )

    assert held.onset_ms(2) == between(held.end_ms(1) + 1790, held.end_ms(1) + 1830)


def test_a_start_before_the_caller_last_spoke_does_not_count(tmp_path: Path) -> None:
    """The bot yields late to a short interruption: what counts is its next start."""
    turns = (
        f"turns:{LISTEN}\n"
        + after("bot_started_speaking", 500, "user: stop")
        + after("bot_started_speaking", 1000)
    )
    held = talk(tmp_path, turns, bot=[(500.0, 2300.0)], replies={1: [(2500, 9000)]})

    assert held.onset_ms(1) == between(990, 1030)
    assert held.onset_ms(2) == between(held.end_ms(1) + 3490, held.end_ms(1) + 3530)


def test_a_reply_close_to_what_the_caller_interrupted_is_a_start(tmp_path: Path) -> None:
    turns = (
        f"turns:{LISTEN}\n"
        + after("bot_started_speaking", 500, "user: stop")
        + after("bot_started_speaking", 1000)
    )
    held = talk(tmp_path, turns, bot=[(500.0, 2300.0)], replies={1: [(800, 9000)]})

    assert held.onset_ms(2) == between(held.end_ms(1) + 1790, held.end_ms(1) + 1830)


def test_an_answer_that_came_early_is_a_start(tmp_path: Path) -> None:
    held = talk(
        tmp_path,
        ASKED + after("bot_started_speaking", 2000),
        bot=GREETING,
        replies={1: [(-400, 9000)]},
    )

    assert held.onset_ms(2) == between(held.end_ms(1) + 1590, held.end_ms(1) + 1630)


def test_an_event_that_has_not_come_is_waited_for(tmp_path: Path) -> None:
    held = talk(
        tmp_path,
        f"turns:{LISTEN}\n" + after("bot_stopped_speaking", 2000),
        bot=[(500.0, 20_000.0)],
    )

    assert held.onset_ms(1) == between(21_990, 22_030)


@pytest.mark.parametrize(
    ("stop_on_failure", "begun"),
    [
        pytest.param("true", [0], id="and-ends-the-call"),
        pytest.param("false", [0, 1], id="goes-on"),
    ],
)
def test_an_event_that_never_comes_fails_the_turn_after_30_s(
    tmp_path: Path, stop_on_failure: str, begun: list[int]
) -> None:
    turns = f"stop_on_failure: {stop_on_failure}\nturns:\n" + after("mark", 500) + "  - user: x"
    held = talk(tmp_path, turns)

    assert held.given_up() == [(0, "`send_after` waited 30000 ms for mark, which never came")]
    assert held.turns_begun() == begun
    assert held.began_ms(0) == held.ended_ms(0) == 30_000


@pytest.mark.parametrize(
    ("before", "wanted_ms"),
    [
        pytest.param("expect: [{event: response}]", 2000 + 1500, id="the-end-of-the-reply"),
        pytest.param("kind: turn", 1500, id="own-sound-if-no-reply-is-awaited"),
        pytest.param(
            "expect: [{event: clear, absent: true, within_ms: 100}]",
            1500,
            id="own-sound-if-only-an-absence-is-awaited",
        ),
    ],
)
def test_a_delay_alone_counts_from(tmp_path: Path, before: str, wanted_ms: float) -> None:
    turns = f"turns:{LISTEN}\n  - user: question\n    {before}\n  - user: hi\n    "
    held = talk(
        tmp_path, turns + "send_after: {delay_ms: 1500}", bot=GREETING, replies={1: [(800, 2000)]}
    )

    assert held.onset_ms(2) == between(
        held.end_ms(1) + wanted_ms - 5, held.end_ms(1) + wanted_ms + 30
    )


def test_a_scripted_silence_is_in_the_record(tmp_path: Path) -> None:
    held = talk(tmp_path, "turns:\n  - user: hi\n    send_after: {delay_ms: 3000}")

    assert held.of(ScriptedWait) == [ScriptedWait(0, 0, 3000.0)]
    assert held.onset_ms(0) == between(3000, 3020)


@pytest.mark.parametrize("delay_ms", range(1000, 1040, 7))
def test_the_caller_is_never_early_and_at_most_20_ms_late(tmp_path: Path, delay_ms: int) -> None:
    held = talk(tmp_path, f"turns:\n  - user: hi\n    send_after: {{delay_ms: {delay_ms}}}")

    assert 0 <= held.onset_ms(0) - delay_ms < 20


# --- listening, keys, waits -------------------------------------------------------------------


def test_a_listening_turn_begins_after_the_reply_in_progress(tmp_path: Path) -> None:
    held = talk(tmp_path, ASKED + LISTEN, bot=GREETING, replies={1: [(800, 3000), (6000, 7000)]})

    assert held.began_ms(2) == between(held.end_ms(1) + 3000, held.end_ms(1) + 3010)
    assert held.ended_ms(2) == between(held.end_ms(1) + 6040, held.end_ms(1) + 6120)


def test_the_first_turn_listens_from_call_start(tmp_path: Path) -> None:
    assert talk(tmp_path, f"turns:{LISTEN}", bot=GREETING).began_ms(0) == 0


def test_keys_are_100_ms_apart_and_the_turn_ends_with_the_last(tmp_path: Path) -> None:
    """P-16, and from the last key `within_ms` counts."""
    turns = f'turns:{LISTEN}\n  - dtmf: "12#"\n    expect: [{{event: response, within_ms: 500}}]\n'
    held = talk(tmp_path, turns + "  - user: x", bot=GREETING, replies={1: [(490, 1500)]})
    first_ms = held.onset_ms(1)

    assert [(k.digit, k.at_ms) for k in held.of(KeyPressed)] == [
        ("1", first_ms), ("2", first_ms + 100), ("#", first_ms + 200)
    ]  # fmt: skip
    assert first_ms == between(3700, 3730)
    assert held.turns_begun() == [0, 1, 2]


def test_a_scripted_wait_is_silence_after_the_reply(tmp_path: Path) -> None:
    held = talk(tmp_path, f"turns:{LISTEN}\n  - wait_ms: 2000\n  - user: x", bot=GREETING)

    assert held.ended_ms(1) == between(4500, 4520)
    assert held.onset_ms(2) - LEAD_MS == between(4500, 4520)


def test_a_bot_that_never_ends_cannot_hold_up_a_scripted_wait_for_ever(tmp_path: Path) -> None:
    held = talk(tmp_path, f"turns:{LISTEN}\n  - wait_ms: 2000", bot=[(500.0, 190_000.0)])

    assert held.ended_ms(1) < 34_000


def test_the_caller_hangs_up_politely_when_the_scenario_says_so(tmp_path: Path) -> None:
    held = talk(tmp_path, f"turns:{LISTEN}\n  - hangup: true", bot=GREETING)

    assert held.over_ms == between(3700, 3730)
    assert held.turns_begun() == [0, 1]


def test_the_caller_can_hang_up_in_the_middle_of_a_sentence(tmp_path: Path) -> None:
    held = talk(
        tmp_path,
        f"turns:{LISTEN}\n" + after("bot_started_speaking", 700, "hangup: true"),
        bot=GREETING,
    )

    assert held.over_ms == between(1190, 1220)


@pytest.mark.parametrize(
    ("bot", "over_ms"),
    [
        pytest.param([(500.0, 2500.0)], 3700, id="quiet-for-the-turn-gap"),
        pytest.param([(500.0, 2000.0), (3000.0, 9000.0)], 10_200, id="a-breath-is-not-the-end"),
    ],
)
def test_after_the_last_turn_the_caller_lets_the_bot_finish(
    tmp_path: Path, bot: list[tuple[float, float]], over_ms: int
) -> None:
    held = talk(tmp_path, f"turns:{LISTEN}", bot=bot)

    assert held.over_ms == between(over_ms, over_ms + 30)


def test_a_bot_that_never_finishes_is_left_after_15_s(tmp_path: Path) -> None:
    held = talk(tmp_path, f"turns:{LISTEN}", bot=[(500.0, 90_000.0)])

    assert held.over_ms == held.ended_ms(0) + 15_000


# --- what is waited for -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expects", "turn", "waits_ms"),
    [
        pytest.param("{event: response, within_ms: 1500}", "user: x", 8500, id="8-s-to-measure-it"),
        pytest.param("{event: response, within_ms: 9000}", "user: x", 9500, id="longer-if-allowed"),
        pytest.param("{event: response}", "user: x", 60_500, id="60-s-without-a-limit"),
        pytest.param(
            "{event: clear, absent: true, within_ms: 700}",
            "user: x",
            1200 - LEAD_MS - 1000,
            id="an-absent-window",
        ),
        pytest.param("{event: function_call, name: f}", "user: x", 8000, id="8-s-unjudged"),
        pytest.param("{event: call_ended, within_ms: 9000}", "user: x", 9500, id="call-ended"),
    ],
)
def test_how_long_a_silent_bot_is_waited_for(
    tmp_path: Path, expects: str, turn: str, waits_ms: int
) -> None:
    """Counted from the end of the caller's speech; `clear` from the start of the turn."""
    check = "{event: mark, absent: true, within_ms: 1}"  # So that something can be judged.
    turns = f"turns:\n  - {turn}\n    expect: [{expects}]\n  - user: y\n    expect: [{check}]"
    held = talk(tmp_path, f"stop_on_failure: false\n{turns}")

    wanted_ms = held.end_ms(0) + waits_ms

    assert held.ended_ms(0) == between(wanted_ms, wanted_ms + 20)


def test_a_reply_that_nobody_judges_is_awaited_and_let_finish(tmp_path: Path) -> None:
    """A turn left with only skipped checks: 4000 ms of quiet after the reply."""
    turns = (
        f"turns:{LISTEN}\n  - user: x\n    expect: [{{event: function_call, name: f}}]\n  - user: y"
    )
    held = talk(tmp_path, turns, bot=GREETING, replies={1: [(3000, 5000)]})

    assert held.onset_ms(2) - LEAD_MS == between(held.end_ms(1) + 9000, held.end_ms(1) + 9030)


def test_a_turn_after_an_event_is_not_held_up_by_skipped_checks(tmp_path: Path) -> None:
    turns = f"turns:{LISTEN}\n  - user: x\n    expect: [{{event: function_call, name: f}}]\n"
    held = talk(
        tmp_path, turns + after("user_stopped_speaking", 2000), bot=GREETING,
    )  # fmt: skip

    assert held.onset_ms(2) == between(held.end_ms(1) + 2000, held.end_ms(1) + 2020)


@pytest.mark.parametrize(
    ("stop_on_failure", "turns"),
    [
        pytest.param("true", [0, 1], id="ends-the-call"),
        pytest.param("false", [0, 1, 2], id="goes-on"),
    ],
)
def test_a_turn_that_failed(tmp_path: Path, stop_on_failure: str, turns: list[int]) -> None:
    script = (
        f"stop_on_failure: {stop_on_failure}\nturns:{LISTEN}\n"
        "  - user: x\n    expect: [{event: response, within_ms: 1000}]\n  - user: y"
    )
    held = talk(tmp_path, script, bot=GREETING, replies={1: [(1500, 3000)]})

    assert held.turns_begun() == turns


def test_the_first_failed_turn_ends_the_call_without_politeness(tmp_path: Path) -> None:
    script = "turns:\n  - expect: [{event: response, within_ms: 300}]\n  - user: y"
    held = talk(tmp_path, script, bot=[(500.0, 5000.0)])

    assert held.over_ms == between(980, 1060)  # It is heard out.


def test_a_reply_within_the_accuracy_of_the_ear_does_not_end_the_call(tmp_path: Path) -> None:
    """The judge might pass it, and then turns would be missing from a call that passed."""
    script = "turns:\n  - expect: [{event: response, within_ms: 490}]\n  - user: y"

    assert talk(tmp_path, script, bot=[(500.0, 1000.0)]).turns_begun() == [0, 1]


def test_going_on_with_what_was_said_before_is_no_answer(tmp_path: Path) -> None:
    """A bot that yields only after the caller has finished: its next words are the reply."""
    turns = (
        f"turns:{LISTEN}\n"
        + after("bot_started_speaking", 1000)
        + "    expect: [{event: bot_interrupted}, {event: response, within_ms: 4000}]\n  - user: y"
    )
    held = talk(tmp_path, turns, bot=[(500.0, 2800.0)], replies={1: [(900, 2000)]})

    assert held.end_ms(1) == between(2490, 2530)
    assert held.ended_ms(1) == between(held.end_ms(1) + 950, held.end_ms(1) + 1010)
    assert held.turns_begun() == [0, 1, 2]


def test_the_reply_to_the_turn_before_meets_nothing_in_this_one(tmp_path: Path) -> None:
    """A turn starts when the caller begins, so its `bot_stopped_speaking` comes after that."""
    turns = f"{ASKED}  - user: y\n    expect: [{{event: bot_stopped_speaking}}]\n  - user: z"
    held = talk(tmp_path, turns, bot=GREETING, replies={1: [(800, 2000)], 2: [(700, 1700)]})

    assert held.began_ms(2) == held.onset_ms(2) - LEAD_MS
    assert held.ended_ms(2) == between(held.end_ms(2) + 2900, held.end_ms(2) + 2930)


def test_the_greeting_does_not_have_to_come_first(tmp_path: Path) -> None:
    """A caller who speaks before the bot has said a word."""
    held = talk(tmp_path, "turns:\n  - user: x\n    expect: [{event: bot_interrupted, absent: true,"
                " within_ms: 500}, {event: response}]", replies={0: [(700, 1500)]})  # fmt: skip

    assert held.ended_ms(0) == between(held.end_ms(0) + 740, held.end_ms(0) + 800)


DISTRACTED = (
    f"turns:{LISTEN}\n  - user: mhm\n    kind: distractor\n"
    "    send_after: {event: bot_started_speaking, delay_ms: 1500}\n"
    "    expect: [{event: bot_interrupted, absent: true, within_ms: 1500}]\n  - user: y"
)


def test_a_breath_after_a_distractor_does_not_end_the_call(tmp_path: Path) -> None:
    """METRICS `false_yield`: a bot that goes on within 1200 ms has not yielded."""
    held = talk(tmp_path, DISTRACTED, bot=[(500.0, 2300.0), (3100.0, 9000.0)])

    assert held.turns_begun() == [0, 1, 2]


def test_a_distractor_does_not_part_the_bots_turn(tmp_path: Path) -> None:
    """METRICS 2, rule 5: it does not take the floor, so the breath around it is one."""
    mhm = clip(300)
    held = talk(tmp_path, DISTRACTED, bot=[(500.0, 1950.0), (2500.0, 9000.0)], clips={1: mhm})

    assert len(held.caller.ear.turns) == 1


# --- the sound --------------------------------------------------------------------------------


def test_the_same_call_sounds_the_same_bit_for_bit(tmp_path: Path) -> None:
    """DESIGN 2.6."""
    replies = {1: [(800.0, 2000.0)]}
    one, other = (talk(tmp_path, ASKED, bot=GREETING, replies=replies) for _ in range(2))

    assert one.said == other.said


def test_a_clip_is_where_the_record_says(tmp_path: Path) -> None:
    """P-24, M-2: from a frame boundary on, and longer than one block of mixing."""
    voice = tone(2500, -20.0)
    held = talk(tmp_path, "turns:\n  - user: hi", clips={0: FakeClip(voice, ((0, len(voice)),))})
    quiet = talk(tmp_path, "turns:\n  - wait_ms: 9000")
    loud = [
        n
        for n in range(0, len(held.said), 160)
        if held.said[n : n + 160] != quiet.said[n : n + 160]
    ]

    assert loud[0] == held.onset_ms(0) * 8
    assert loud == list(range(loud[0], loud[0] + len(voice), 160))


def test_the_caller_is_speaking_while_a_clip_plays(tmp_path: Path) -> None:
    held = talk(tmp_path, "turns:\n  - user: hi", hangs_up_ms=1600)

    assert held.caller.is_speaking
