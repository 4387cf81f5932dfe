"""The Pipecat bot's faults and healthy settings, called as the demo bot's are.

Its answers last 6 to 10 s and its greeting 3.5 s. Pipecat's own voice detector is what listens:
it takes no cough for a voice, so what is to be heard by mistake is a word.
"""

from bench.detect.case import Case
from bench.detect.scenarios import (
    BARGE_IN,
    CONVERSATION,
    GREETED,
    GREETING,
    HM,
    PAUSE,
    SHORT_WORD,
    TURN,
    TWO_QUESTIONS,
    with_line_noise,
)

AT_ONCE = 5  # One bot has speech detection and a speech engine to run for each.

_NO_YIELD = ("stop_ms", "no_yield")
_PATIENT = {"TURN_TIMEOUT": "1.2"}  # Waits out a pause of 900 ms.

_ANSWER_OF_KNOWN_LENGTH = (
    GREETED
    + """
  - audio: audio/one_moment_please.wav
    expect:
      - {event: response, within_ms: 3000, lasts_at_least_ms: 5000, lasts_at_most_ms: 12000}
"""
)
_GREETING_OF_KNOWN_LENGTH = """
turns:
  - expect: [{event: response, within_ms: 4000, lasts_at_least_ms: 3100}]
"""
# Who is asked nothing has nothing to answer; in the meantime, the other caller asks.
_SILENT_CALLER = (
    GREETED
    + """
  - expect: [{event: bot_started_speaking, absent: true, within_ms: 12000}]
"""
)
# Whoever stops for a word has to go on, or answer.
_WORD_OVER_THE_ANSWER = (
    TURN
    + """
  - audio: audio/no.wav
    kind: distractor
    send_after: {event: bot_started_speaking, delay_ms: 1500}
    expect: [{event: response, within_ms: 4000}]
"""
)
_GOODBYE = (
    GREETED
    + """
  - dtmf: "9"
    expect: [{event: response, within_ms: 3000}, {event: call_ended, within_ms: 9000}]
"""
)


def _mutant(
    fault: str,
    scenario: str,
    *metrics: str,
    defect: str = "",
    env: dict[str, str] | None = None,
    beside: str = "",
    note: str = "",
) -> Case:
    name = f"Pipecat: {fault.partition('=')[0]}"
    return Case(
        name,
        scenario,
        fault,
        metrics,
        env=env or {},
        bot="pipecat",
        defect=defect,
        beside=beside,
        note=note,
        at_once=AT_ONCE if not beside else 2,
    )


MUTANTS: tuple[Case, ...] = (
    # Seen in the field: the list of DEFECTS.
    _mutant("no-clear", BARGE_IN, *_NO_YIELD, defect="D1"),
    _mutant("slow-yield=2500", BARGE_IN, *_NO_YIELD, defect="D2"),
    _mutant("stale=600", BARGE_IN, "stale_audio_ms", defect="D3"),
    # A bot that takes a breath for the caller's end hears him twice, and goes on with its answer.
    _mutant(
        "stops-midway", _ANSWER_OF_KNOWN_LENGTH, "response_duration_ms", defect="D4", env=_PATIENT
    ),
    _mutant("breaks-up=300", TURN, "worst_gap_ms", "gap_share", defect="D5"),
    _mutant("foreign-stream-sid", TURN, "missed_turn", "protocol", defect="D6"),
    _mutant("yields-to-anything", HM, "false_yield", defect="D7"),
    _mutant("cuts-in", PAUSE, "cut_in", defect="D8", env=_PATIENT),
    # What it says, and when.
    _mutant("no-greeting", GREETING, "greeting_missing", "greeting_ms"),
    _mutant("cuts-greeting", _GREETING_OF_KNOWN_LENGTH, "response_duration_ms"),
    _mutant("late-answer=4500", TURN, "response_ms"),
    _mutant("never-answers", TURN, "missed_turn", "response_ms"),
    _mutant("answers-twice", _ANSWER_OF_KNOWN_LENGTH, "response_duration_ms"),
    _mutant("deaf-to-short", SHORT_WORD, "missed_turn", "response_ms"),
    _mutant(
        "crosses-calls",
        _SILENT_CALLER,
        "bot_started_speaking_ms",
        beside=TWO_QUESTIONS,
        note="the other caller's answer comes while this one is silent",
    ),
    # Being interrupted.
    _mutant("ignores-caller", BARGE_IN, *_NO_YIELD),
    _mutant("streams-silence", BARGE_IN, *_NO_YIELD),
    _mutant("resumes-old-answer", BARGE_IN, "stale_audio_ms"),
    _mutant(
        "silent-after-cough",
        _WORD_OVER_THE_ANSWER,
        "response_ms",
        "recovery_ms",
        "missed_turn",
        note="Pipecat hears no cough, so the caller says a word",
    ),
    # Ending.
    # Where the line closes in a soft sound, only somebody who knows the answer misses the rest.
    _mutant(
        "hangs-up-mid-sentence",
        _ANSWER_OF_KNOWN_LENGTH,
        "response_duration_ms",
        "ended_by",
        "cut_goodbye",
    ),
    _mutant("cut-goodbye", _GOODBYE, "tail_lost_ms", "cut_goodbye"),
    _mutant("never-hangs-up", _GOODBYE, "call_ended_ms"),
    _mutant("keeps-socket", GREETING, "lets_go_ms"),
    _mutant("missing-credentials", GREETING, "ended_by"),
)

_SETTINGS: dict[str, dict[str, str]] = {
    "at its default rates": {},
    "at 8 kHz": {"RATE": "8000"},
    "over music": {"BACKGROUND": "music"},
    "over typing": {"BACKGROUND": "typing"},
}
_LINES = {"quiet line": CONVERSATION, "noise 15 dB": with_line_noise(CONVERSATION, 15)}

HEALTHY: tuple[Case, ...] = tuple(
    Case(f"Pipecat {setting}, {line}", scenario, env=env, bot="pipecat").healthy
    for line, scenario in _LINES.items()
    for setting, env in _SETTINGS.items()
)
