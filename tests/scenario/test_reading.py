"""A scenario file becomes exactly the scenario it describes."""

from pathlib import Path

import jsonschema
import pytest
import yaml
from pipecat_voice_test.scenario.limits import DEFAULT_LIMITS
from pipecat_voice_test.scenario.model import (
    CallSetup,
    EventName,
    Expectation,
    Line,
    Noise,
    Pause,
    Scenario,
    SendAfter,
    Turn,
    TurnKind,
)
from pipecat_voice_test.scenario.schema import scenario_schema

from scenario.texts import scenario, scenarios, write

BOOKING = """\
# Somebody in a hurry books a table.
name: Book a table in a hurry
tags: [barge-in, smoke]
call:
  from: "+15550100001"
  to: "+15550100002"
  parameters: {guest: "007"}
  max_call_s: 90
line:
  level_dbov: keep
  line_noise_dbov: off
  noise: {audio: sounds/street.wav, snr_db: 10}
limits:
  response_ms: {median: 1200, each: 3000}
  stop_ms: {each: 900}
  cut_in: 0
stop_on_failure: false
turn_gap_ms: 1500
turns:
  - expect:
      - {event: response, within_ms: 3500}

  - name: ask
    user: " A table for two, please. "
    slow: true
    expect:
      - {event: response, within_ms: 1800, text_contains: "time", lasts_at_most_ms: 9000}
      - {event: mark, name: end, check_from: turn_start}

  - audio: sounds/at_eight.wav
    user: "At eight."
    send_after: {event: bot_started_speaking, delay_ms: 700}
    expect:
      - {event: bot_interrupted, within_ms: 1000}

  - user:
      - "My number is "
      - pause_ms: 800
      - "five five five."
    expect:
      - {event: user_transcription}
      - {event: tts_response}

  - audio: sounds/at_eight.wav
    kind: distractor
    send_after: {event: llm_started, delay_ms: 1500}
    expect:
      - {event: bot_interrupted, absent: true, within_ms: 1500}

  - dtmf: "12#"
    send_after: {event: response}
  - wait_ms: 2000
  - hangup: true
"""


def _sounds(folder: Path) -> Path:
    write(folder, b"", "sounds/street.wav")
    write(folder, b"", "sounds/at_eight.wav")
    return folder.resolve() / "sounds"


def test_everything_a_file_can_say_is_read(tmp_path: Path) -> None:
    sounds = _sounds(tmp_path)

    read = scenario(tmp_path, BOOKING)

    assert read.limits.gates == {
        **DEFAULT_LIMITS.gates,
        "response_ms": {"median": 1200, "each": 3000},
        "stop_ms": {"each": 900},
        "cut_in": {"each": 0},
    }
    assert read.limits.lines == {"response_ms": 14, "stop_ms": 15, "cut_in": 16}
    assert read == Scenario(
        name="Book a table in a hurry",
        file=Path("s.yaml"),
        line_number=2,
        tags=("barge-in", "smoke"),
        call=CallSetup("+15550100001", "+15550100002", {"guest": "007"}, 90),
        line=Line("keep", None, Noise(sounds / "street.wav", 10)),
        limits=read.limits,
        stop_on_failure=False,
        turn_gap_ms=1500,
        turns=(
            Turn(
                index=0,
                line=20,
                kind=TurnKind.LISTEN,
                expect=(Expectation(0, 21, EventName.RESPONSE, "response", within_ms=3500),),
            ),
            Turn(
                index=1,
                line=23,
                kind=TurnKind.TURN,
                name="ask",
                parts=("A table for two, please.",),
                text="A table for two, please.",
                slow=True,
                expect=(
                    Expectation(
                        0,
                        27,
                        EventName.RESPONSE,
                        "response",
                        within_ms=1800,
                        text_contains="time",
                        lasts_at_most_ms=9000,
                    ),
                    Expectation(
                        1, 28, EventName.MARK, "mark", from_turn_start=True, mark_name="end"
                    ),
                ),
            ),
            Turn(
                index=2,
                line=30,
                kind=TurnKind.BARGE_IN,
                audio=sounds / "at_eight.wav",
                text="At eight.",
                send_after=SendAfter(EventName.BOT_STARTED_SPEAKING, 700),
                expect=(
                    Expectation(
                        0, 34, EventName.BOT_INTERRUPTED, "bot_interrupted", within_ms=1000
                    ),
                ),
            ),
            Turn(
                index=3,
                line=36,
                kind=TurnKind.TURN,
                parts=("My number is", Pause(800), "five five five."),
                text="My number is five five five.",
                expect=(
                    Expectation(
                        0,
                        41,
                        None,
                        "user_transcription",
                        skip_reason="what the bot understood cannot be heard on a phone line",
                    ),
                    Expectation(1, 42, EventName.RESPONSE, "tts_response"),
                ),
            ),
            Turn(
                index=4,
                line=44,
                kind=TurnKind.DISTRACTOR,
                audio=sounds / "at_eight.wav",
                send_after=SendAfter(EventName.BOT_STARTED_SPEAKING, 1500),
                expect=(
                    Expectation(
                        0,
                        48,
                        EventName.BOT_INTERRUPTED,
                        "bot_interrupted",
                        within_ms=1500,
                        absent=True,
                    ),
                ),
            ),
            Turn(
                index=5,
                line=50,
                kind=TurnKind.DTMF,
                dtmf="12#",
                send_after=SendAfter(EventName.BOT_STOPPED_SPEAKING, 0),
            ),
            Turn(index=6, line=52, kind=TurnKind.WAIT, wait_ms=2000),
            Turn(index=7, line=53, kind=TurnKind.HANGUP),
        ),
    )
    assert read.turns[1].expect[0].text_conditions == ("text_contains",)


def test_defaults_hold_for_what_a_file_does_not_say(tmp_path: Path) -> None:
    read = scenario(tmp_path, "name: a\nturns: [{user: b}]")

    assert read == Scenario(
        name="a",
        file=Path("s.yaml"),
        line_number=1,
        turns=(Turn(index=0, line=2, kind=TurnKind.TURN, parts=("b",), text="b"),),
    )


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        pytest.param("user: a", TurnKind.TURN, id="speech-is-a-turn"),
        pytest.param(
            "user: a, send_after: {event: bot_started_speaking}",
            TurnKind.BARGE_IN,
            id="speech-after-the-bot-began-is-a-barge-in",
        ),
        pytest.param(
            "user: a, send_after: {event: llm_started}",
            TurnKind.BARGE_IN,
            id="by-pipecats-name-too",
        ),
        pytest.param(
            "user: a, kind: turn, send_after: {event: bot_started_speaking}",
            TurnKind.TURN,
            id="unless-it-says-otherwise",
        ),
        pytest.param(
            "user: a, send_after: {event: bot_stopped_speaking}",
            TurnKind.TURN,
            id="after-the-bot-ended-it-is-a-turn",
        ),
        pytest.param(
            "user: a, kind: distractor", TurnKind.DISTRACTOR, id="a-distractor-in-silence"
        ),
        pytest.param(
            "dtmf: 1, send_after: {event: bot_started_speaking}",
            TurnKind.DTMF,
            id="keys-never-barge-in",
        ),
        pytest.param("expect: []", TurnKind.LISTEN, id="nothing-said-is-listening"),
    ],
)
def test_the_kind_of_a_turn(tmp_path: Path, keys: str, kind: TurnKind) -> None:
    assert scenario(tmp_path, f"name: a\nturns: [{{{keys}}}]").turns[0].kind is kind


@pytest.mark.parametrize(
    ("written", "event"),
    [
        ("response", EventName.RESPONSE),
        ("llm_response", EventName.RESPONSE),
        ("tts_response", EventName.RESPONSE),
        ("llm_started", EventName.BOT_STARTED_SPEAKING),
        ("bot_started_speaking", EventName.BOT_STARTED_SPEAKING),
        ("bot_stopped_speaking", EventName.BOT_STOPPED_SPEAKING),
        ("bot_interrupted", EventName.BOT_INTERRUPTED),
        ("clear", EventName.CLEAR),
        ("mark", EventName.MARK),
        ("call_ended", EventName.CALL_ENDED),
        ("user_started_speaking", None),
        ("user_stopped_speaking", None),
        ("vad_user_started_speaking", None),
        ("vad_user_stopped_speaking", None),
        ("user_transcription", None),
        ("function_call", None),
        ("function_call_stopped", None),
        ("llm_marker", None),
        ("image", None),
        ("bot_backchannel", None),
        ("user_backchannel", None),
    ],
)
def test_an_expected_event_is_one_that_can_be_heard_or_has_a_reason(
    tmp_path: Path, written: str, event: EventName | None
) -> None:
    text = f"name: a\nturns: [{{user: b, expect: [{{event: {written}}}]}}]"

    (wanted,) = scenario(tmp_path, text).turns[0].expect

    assert (wanted.event, wanted.written) == (event, written)
    assert bool(wanted.skip_reason) is (event is None)


@pytest.mark.parametrize(
    ("written", "event"),
    [
        ("response", EventName.BOT_STOPPED_SPEAKING),
        ("llm_response", EventName.BOT_STOPPED_SPEAKING),
        ("tts_response", EventName.BOT_STOPPED_SPEAKING),
        ("llm_started", EventName.BOT_STARTED_SPEAKING),
        ("user_started_speaking", EventName.USER_STARTED_SPEAKING),
        ("user_stopped_speaking", EventName.USER_STOPPED_SPEAKING),
        ("vad_user_started_speaking", EventName.USER_STARTED_SPEAKING),
        ("vad_user_stopped_speaking", EventName.USER_STOPPED_SPEAKING),
        ("bot_interrupted", EventName.BOT_INTERRUPTED),
        ("clear", EventName.CLEAR),
        ("mark", EventName.MARK),
    ],
)
def test_what_a_caller_can_wait_for_before_speaking(
    tmp_path: Path, written: str, event: EventName
) -> None:
    text = f"name: a\nturns: [{{user: b, send_after: {{event: {written}, delay_ms: 5}}}}]"

    read = scenario(tmp_path, text)

    assert (read.turns[0].send_after, read.skip_reason) == (SendAfter(event, 5), "")


def test_a_scenario_replaces_the_keys_at_the_top_whole(tmp_path: Path) -> None:
    read = scenarios(
        tmp_path,
        """\
        name: Opening hours
        tags: [slow, noisy]
        limits: {cut_in: 1, stop_ms: 500}
        turns: [{user: Hello}]
        scenarios:
          - name: as they are
          - name: in another way
            tags: [quick]
            limits: {stop_ms: 700}
            turns:
              - user: Good morning
        """,
    )

    assert [one.name for one in read] == [
        "Opening hours/as they are",
        "Opening hours/in another way",
    ]
    assert [one.line_number for one in read] == [6, 7]
    assert [one.tags for one in read] == [("slow", "noisy"), ("quick",)]
    assert [one.turns[0].text for one in read] == ["Hello", "Good morning"]
    assert [one.turns[0].line for one in read] == [4, 11]
    assert [one.limits.of("cut_in") for one in read] == [{"each": 1}, {"each": 0}]


@pytest.mark.parametrize(
    ("written", "level", "floor"),
    [
        pytest.param("level_dbov: -31", -31, -60, id="another-level"),
        pytest.param("level_dbov: keep", "keep", -60, id="the-level-of-the-recording"),
        pytest.param("line_noise_dbov: -45.5", -26, -45.5, id="another-noise-floor"),
        pytest.param("line_noise_dbov: off", -26, None, id="bare-off-is-silence"),
        pytest.param('line_noise_dbov: "off"', -26, None, id="quoted-off-is-silence"),
    ],
)
def test_the_line(tmp_path: Path, written: str, level: object, floor: object) -> None:
    line = scenario(tmp_path, f"name: a\nline: {{{written}}}\nturns: [{{user: b}}]").line

    assert (line.level_dbov, line.line_noise_dbov) == (level, floor)


@pytest.mark.parametrize(
    ("written", "reorder"),
    [("reorder: true", True), ("reorder: false", False), ("level_dbov: keep", False)],
)
def test_protocol_9_1_frames_overtake_each_other_only_if_told(
    tmp_path: Path, written: str, reorder: bool
) -> None:
    line = scenario(tmp_path, f"name: a\nline: {{{written}}}\nturns: [{{user: b}}]").line

    assert line.reorder is reorder


def test_noise_lies_15_db_below_the_caller_unless_the_file_says_so(tmp_path: Path) -> None:
    sounds = _sounds(tmp_path)

    read = scenario(
        tmp_path, "name: a\nline: {noise: {audio: sounds/street.wav}}\nturns: [{user: b}]"
    )

    assert read.line.noise == Noise(sounds / "street.wav", 15)


def test_p_13_a_parameter_may_have_499_characters(tmp_path: Path) -> None:
    value = "x" * 497

    read = scenario(
        tmp_path, f"name: a\ncall: {{parameters: {{id: {value}}}}}\nturns: [{{user: b}}]"
    )

    assert read.call.parameters == {"id": value}


def test_own_keys_at_the_top_are_ignored(tmp_path: Path) -> None:
    assert scenario(tmp_path, "name: a\nx-team: {who: 5}\nturns: [{user: b}]").name == "a"


# --- the schema ---------------------------------------------------------------------------

SEVERAL = """\
name: a
x-team: booking
judge: {modality: audio, eval: {service: any}}
turns: [{user: b, expect: [{event: response}]}]
scenarios:
  - name: c
  - {name: d, limits: none}
"""
SIMULATION = """\
name: a
persona: Jo
goal: Book a table.
success: The table is booked.
metrics: [{measure: turns, max_value: 5}]
max_turns: 5
"""


def _valid(text: str) -> bool:
    validator = jsonschema.Draft202012Validator(scenario_schema())
    return bool(validator.is_valid(yaml.safe_load(text)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(BOOKING, id="one-scenario"),
        pytest.param(SEVERAL, id="several"),
        pytest.param(SIMULATION, id="a-simulation"),
        pytest.param("name: a\nturns: [{dtmf: 12}]\nlimits: {stop_ms: none}", id="bare-values"),
    ],
)
def test_the_schema_takes_what_is_read(text: str) -> None:
    assert _valid(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tags:", "tag:"),
        ("turns:", "turn:"),
        ("  from:", "  form:"),
        ("within_ms: 3500", "within_msec: 3500"),
        ("within_ms: 3500", 'within_ms: "3500"'),
        ("event: response,", "event: respond,"),
        ("- dtmf:", "- dmtf:"),
        ("delay_ms: 700", "delay: 700"),
        ("pause_ms: 800", "pause: 800"),
        ("kind: distractor", "kind: distracter"),
        ("  stop_ms:", "  stop:"),
        ("{median: 1200", "{mean: 1200"),
        ("level_dbov: keep", "level_dbov: loud"),
        ("hangup: true", "hangup: false"),
        ('user: "At eight."', "user: 8"),
    ],
)
def test_the_schema_refuses_a_slip(old: str, new: str) -> None:
    assert old in BOOKING
    assert not _valid(BOOKING.replace(old, new, 1))


def test_the_schema_is_a_schema_that_describes_every_key_of_a_turn() -> None:
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)

    turn = schema["$defs"]["TurnKeys"]["properties"]

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert [key for key, about in turn.items() if not about.get("description")] == []
