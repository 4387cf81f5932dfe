"""The demo bot's faults, each with the metric that has to show it, and its healthy styles."""

from bench.detect.case import Case
from bench.detect.scenarios import (
    BARGE_IN,
    BARGE_IN_SHORT_ANSWER,
    CONVERSATION,
    COUGH,
    COUGH_AND_QUESTION,
    COUGH_IN_SILENCE,
    GOODBYE,
    GREETING,
    MHM,
    PAUSE,
    SHORT_REPLY,
    SHORT_WORD,
    TOOL,
    TURN,
    TWO_QUESTIONS,
    WHOLE_GREETING,
    WHOLE_REPLY,
    with_line_noise,
)

NO_YIELD = ("stop_ms", "no_yield")
_SHORT = "--reply-ms 3000"
_LONG = "--reply-ms 6000"
_PATIENT = f"{_SHORT} --answer-after-ms 1200"  # Waits out a pause of 900 ms.
_HARD_TO_STOP = "--voice-to-yield-ms 600 --stop-after-ms 800"  # Bears a "mhm".

MUTANTS: tuple[Case, ...] = (
    # Seen in the field: the list of DEFECTS.
    Case("no-clear", BARGE_IN, "no-clear", NO_YIELD, "--send all", defect="D1"),
    Case("slow-yield", BARGE_IN, "slow-yield=1900", NO_YIELD, defect="D2"),
    Case("very-slow-yield", BARGE_IN, "slow-yield=2500", NO_YIELD, defect="D2"),
    Case("stale", BARGE_IN, "stale=600", ("stale_audio_ms",), defect="D3"),
    Case(
        "stops-midway", WHOLE_REPLY, "stops-midway", ("response_duration_ms",), _LONG, defect="D4"
    ),
    Case(
        "halts-for-a-while",
        TURN,
        "breaks-up=500",
        ("worst_gap_ms", "gap_share"),
        _LONG,
        defect="D4",
    ),
    Case("breaks-up", TURN, "breaks-up=250", ("worst_gap_ms", "gap_share"), _LONG, defect="D5"),
    Case("crackles", TURN, "breaks-up=80", ("gap_share",), _LONG, defect="D5"),
    Case(
        "foreign-stream-sid",
        TURN,
        "foreign-stream-sid",
        ("missed_turn", "protocol"),
        _SHORT,
        defect="D6",
    ),
    Case(
        "yields-to-mhm",
        MHM,
        "yields-to-anything",
        ("false_yield",),
        f"{_LONG} {_HARD_TO_STOP}",
        defect="D7",
    ),
    Case("yields-to-cough", COUGH, "yields-to-anything", ("false_yield",), _LONG, defect="D7"),
    Case("cuts-in", PAUSE, "cuts-in", ("cut_in",), _PATIENT, defect="D8"),
    # What it says, and when.
    Case("silent", GREETING, "silent", ("greeting_missing", "greeting_ms")),
    Case("no-greeting", GREETING, "no-greeting", ("greeting_missing", "greeting_ms")),
    Case("late-greeting", GREETING, "late-greeting=4400", ("greeting_ms",)),
    Case("cuts-greeting", WHOLE_GREETING, "cuts-greeting", ("response_duration_ms",)),
    Case("late-answer", TURN, "late-answer=3000", ("response_ms",), _SHORT),
    Case("never-answers", TURN, "never-answers", ("missed_turn", "response_ms"), _SHORT),
    Case("answers-twice", TWO_QUESTIONS, "answers-twice", ("cut_in",), _SHORT),
    Case(
        "answers-twice-at-once", SHORT_REPLY, "answers-twice=200", ("response_duration_ms",), _SHORT
    ),
    Case("deaf-to-short", SHORT_WORD, "deaf-to-short", ("missed_turn", "response_ms"), _SHORT),
    Case("answers-noise", COUGH_IN_SILENCE, "answers-noise", ("false_response",), _SHORT),
    Case("dead-air", TOOL, "dead-air", ("longest_silence_ms",), f"{_SHORT} --tool-ms 2600"),
    Case("slower-than-speech", TURN, "slower-than-speech", ("gap_share",), f"{_SHORT} --send 200"),
    Case("crosses-calls", PAUSE, "crosses-calls", ("cut_in",), _PATIENT, beside=TURN),
    # Being interrupted.
    Case("ignores-caller", BARGE_IN, "ignores-caller", NO_YIELD, "--voice pauses"),
    Case("ignores-caller-in-words", BARGE_IN, "ignores-caller", NO_YIELD, "--send 137.5"),
    Case("clears-but-talks-on", BARGE_IN, "clears-but-talks-on", (*NO_YIELD, "stale_audio_ms")),
    Case("resumes-old-answer", BARGE_IN, "resumes-old-answer", ("stale_audio_ms",)),
    Case(
        "resumes-instead-of-answering",
        BARGE_IN_SHORT_ANSWER,
        "resumes-old-answer=3600",
        ("response_duration_ms",),
        note="the reply's length shows it; words are not understood",
    ),
    Case("streams-silence", BARGE_IN, "streams-silence", NO_YIELD, "--send all"),
    Case("silent-after-cough", COUGH_AND_QUESTION, "silent-after-cough", ("missed_turn",), _LONG),
    # Ending.
    Case("hangs-up-after", TURN, "hangs-up-after=3000", ("ended_by",), _SHORT),
    Case(
        "hangs-up-mid-sentence",
        TWO_QUESTIONS,
        "hangs-up-mid-sentence",
        ("cut_goodbye", "ended_by"),
        _SHORT,
    ),
    Case("close-code", GOODBYE, "close-code=1011", ("ended_by",)),
    Case("cut-goodbye", GOODBYE, "cut-goodbye=400", ("tail_lost_ms",)),
    Case("unsaid-goodbye", GOODBYE, "unsaid-goodbye", ("cut_goodbye",)),
    Case("never-hangs-up", GOODBYE, "never-hangs-up", ("call_ended_ms",)),
    Case("keeps-socket", GREETING, "keeps-socket", ("lets_go_ms",)),
    Case("reset", TURN, "reset=7000", ("ended_by",), _SHORT),
    Case("crash", TURN, "crash=7000", ("ended_by",), _SHORT),
    Case("dies-in-call", TURN, "dies-in-call=7000", ("ended_by",), _SHORT),
    # How it sounds.
    Case("wav-header", GREETING, "wav-header", ("file_header",)),
    Case("mp3-header", GREETING, "mp3-header", ("file_header",)),
    Case("ogg-header", GREETING, "ogg-header", ("file_header",)),
    Case("linear-pcm", TURN, "linear-pcm", ("linear_pcm",), _SHORT),
    Case("byte-swapped", TURN, "byte-swapped", ("byte_swapped",), _SHORT),
    Case("a-law", TURN, "a-law", ("a_law",), _SHORT),
    Case("double-base64", TURN, "double-base64", ("double_base64",), _SHORT),
    Case("too-fast", TURN, "too-fast", ("wrong_speed",)),
    Case("too-slow", TURN, "too-slow", ("wrong_speed",), _SHORT),
    Case("loops", TURN, "loops", ("looped",), _LONG),
    Case("clipped", TURN, "clipped", ("clipping",), _SHORT),
    Case("too-loud", TURN, "too-loud", ("level", "clipping"), _SHORT),
    Case("too-quiet", TURN, "too-quiet", ("level",), _SHORT),
    Case("dc-offset", TURN, "dc-offset", ("dc_offset",), _SHORT),
    # The wire.
    Case("never-reads", GREETING, "never-reads", ("greeting_ms", "greeting_missing")),
    Case("malformed", GREETING, "malformed", ("protocol",)),
    Case("huge-message", GREETING, "huge-message", ("protocol",), at_once=5),
)

_STYLES = {
    "20 ms": "--send 20",
    "40 ms": "--send 40",
    "137.5 ms": "--send 137.5",
    "200 ms": "--send 200",
    "whole utterances": "--send all",
    "20 ms, silence between words, no clear": "--send 20 --fault streams-silence",
    "20 ms over music": "--send 20 --background music",
    "20 ms over the noise of a room": "--send 20 --background noise",
    "20 ms over typing": "--send 20 --background typing",
    "137.5 ms over music": "--send 137.5 --background music",
}
_LINES = {"quiet line": CONVERSATION, "noise 15 dB": with_line_noise(CONVERSATION, 15)}

HEALTHY: tuple[Case, ...] = tuple(
    Case(f"{style}, {line}", scenario, options=options)
    for line, scenario in _LINES.items()
    for style, options in _STYLES.items()
)
