"""Everything the demo bot can do wrong, by name.

A fault is switched on by `--fault NAME` or `--fault NAME=VALUE`, or by listing several in the
environment: `DEMO_BOT_FAULT=stale=200,foreign-stream-sid`.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Manners:
    """How the bot behaves; the defaults are those of a good one."""

    greeting_after_ms: float = 300
    answer_after_ms: float = 700
    stop_after_ms: float = 300
    voice_to_yield_ms: float = 200
    greets: bool = True
    answers: bool = True
    yields: bool = True
    yields_to_noise: bool = False
    clears: bool = True
    talks_on: bool = False
    halves_replies: bool = False
    gap_ms: float = 0
    stale_ms: float = 0
    hangs_up: bool = True
    hangs_up_after_ms: float | None = None
    cut_goodbye_ms: float | None = None
    silence_before_close_ms: float = 0
    unsaid_goodbye_ms: float = 0
    drops_answer_ms: float | None = None
    close_code: int = 1000
    greeting_cut_ms: float = 0
    tool_ms: float | None = None
    answers_again_ms: float | None = None
    answers_noise: bool = False
    deaf_below_ms: float = 0
    resumes_after_ms: float | None = None
    mute_after_noise: bool = False
    slowness: float = 1.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the table. `unit` is empty for a fault that takes no value."""

    help: str
    unit: str = ""
    default: float | None = None


FAULTS = {
    # What it says, and when.
    "silent": Fault("never speaks"),
    "no-greeting": Fault("does not greet, but answers"),
    "late-greeting": Fault("greets this long after the call began", "MS"),
    "cuts-greeting": Fault("begins its greeting this far in: its first word is lost", "MS", 500),
    "late-answer": Fault("answers this long after the caller's last sound", "MS"),
    "never-answers": Fault("greets and yields, but answers nothing"),
    "answers-twice": Fault("this long after each answer it gives it again", "MS", 1500),
    "deaf-to-short": Fault("does not hear what is shorter than this", "MS", 600),
    "answers-noise": Fault("answers a cough like a word"),
    "dead-air": Fault("says something short, is silent for this long, then answers", "MS", 6000),
    "cuts-in": Fault("answers 400 ms into any pause (D8)"),
    "stops-midway": Fault("halts in mid-reply until the caller says something (D4)"),
    "breaks-up": Fault("gaps of this length about once a second of speech (D5)", "MS"),
    "slower-than-speech": Fault("its speech takes this much longer than it lasts", "PERCENT", 50),
    "crosses-calls": Fault("of two callers at once, the second hears the first's answers too"),
    # Being interrupted.
    "no-clear": Fault("stops sending, but what was sent plays on (D1)"),
    "slow-yield": Fault("yields this long after the caller's onset (D2)", "MS"),
    "stale": Fault("500 ms after the clear, this much of the old reply pops up (D3)", "MS"),
    "resumes-old-answer": Fault(
        "goes on with the old answer, this long after it yielded", "MS", 800
    ),
    "ignores-caller": Fault("talks on; most telling with --voice pauses"),
    "clears-but-talks-on": Fault("sends clear, then goes on where it was"),
    "streams-silence": Fault(
        "silence between words and never a clear; with --send all it talks on"
    ),
    "yields-to-anything": Fault("stops for any noise of 60 ms and does not go on (D7)"),
    "silent-after-cough": Fault("stops for a noise and says nothing any more"),
    # Ending.
    "hangs-up-after": Fault("closes this long after the call began", "MS"),
    "hangs-up-mid-sentence": Fault("closes this long into its first answer", "MS", 1200),
    "close-code": Fault("whenever it closes, with this code", "CODE"),
    "cut-goodbye": Fault("key 9: closes with this much of the goodbye unheard", "MS"),
    "unsaid-goodbye": Fault("key 9: closes with this much of the goodbye never sent", "MS", 300),
    "silence-before-close": Fault("key 9: queues 2 s of silence, then closes"),
    "never-hangs-up": Fault("key 9: says goodbye and stays"),
    "keeps-socket": Fault("stays connected for 8 s after the caller has hung up"),
    "reset": Fault("resets the TCP connection at this call time", "MS", 2000),
    "crash": Fault("drops the connection without a close frame", "MS", 2000),
    "exit-after": Fault("the process exits with code 3 this long after it started", "S"),
    "dies-in-call": Fault("the process exits with code 3 at this call time", "MS", 2000),
    # How it sounds; most telling with --voice speech.
    "wav-header": Fault("each utterance begins with a WAV header"),
    "mp3-header": Fault("each utterance begins with an MP3 header"),
    "ogg-header": Fault("each utterance begins with an Ogg header"),
    "linear-pcm": Fault("sends 16-bit samples as they are"),
    "byte-swapped": Fault("encodes samples whose two bytes are in the wrong order"),
    "a-law": Fault("sends A-law"),
    "double-base64": Fault("sends base64 within base64"),
    "too-fast": Fault("plays at this speed", "PERCENT", 200),
    "too-slow": Fault("plays at this speed, as 24 kHz sent as 8 kHz do", "PERCENT", 33),
    "clipped": Fault("so much too loud that it is clipped", "DB", 24),
    "too-loud": Fault("so much louder than is usual", "DB", 15),
    "too-quiet": Fault("so much softer than is usual", "DB", 18),
    "dc-offset": Fault("is off the zero line by this share of the scale", "PERCENT", 8),
    "loops": Fault("after its first words the same 700 ms over and over"),
    # The handshake.
    "refuse": Fault("refuses the upgrade with this status", "STATUS", 403),
    "hang-upgrade": Fault("never answers the upgrade"),
    # The wire.
    "foreign-stream-sid": Fault("after the greeting, sends under another streamSid (D6)"),
    "never-reads": Fault("accepts the call and never reads"),
    "malformed": Fault("a binary frame and four broken messages, then behaves"),
    "huge-message": Fault("one message of 17 MiB, a second into the call"),
    "pings": Fault("a ping every 200 ms"),
    "fragments": Fault("every message in three fragments"),
    "marks-flood": Fault("this many marks at once, a second into the call", "COUNT", 1000),
}

_TIMES = {
    "late-greeting": "greeting_after_ms",
    "cuts-greeting": "greeting_cut_ms",
    "late-answer": "answer_after_ms",
    "answers-twice": "answers_again_ms",
    "deaf-to-short": "deaf_below_ms",
    "dead-air": "tool_ms",
    "slow-yield": "stop_after_ms",
    "stale": "stale_ms",
    "resumes-old-answer": "resumes_after_ms",
    "breaks-up": "gap_ms",
    "cut-goodbye": "cut_goodbye_ms",
    "unsaid-goodbye": "unsaid_goodbye_ms",
    "hangs-up-after": "hangs_up_after_ms",
    "hangs-up-mid-sentence": "drops_answer_ms",
}
_HABITS: dict[str, dict[str, float | bool]] = {
    "silent": {"greets": False, "answers": False},
    "no-greeting": {"greets": False},
    "never-answers": {"answers": False},
    "answers-noise": {"answers_noise": True},
    "cuts-in": {"answer_after_ms": 400},
    "stops-midway": {"halves_replies": True},
    "no-clear": {"clears": False},
    "ignores-caller": {"yields": False},
    "clears-but-talks-on": {"talks_on": True},
    "streams-silence": {"clears": False},
    "yields-to-anything": {"yields_to_noise": True},
    "silent-after-cough": {"yields_to_noise": True, "mute_after_noise": True},
    "silence-before-close": {"silence_before_close_ms": 2000},
    "never-hangs-up": {"hangs_up": False},
}


class Faults(Mapping[str, float]):
    """The faults that are on, with their values (1 for those that take none)."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Read `NAME` and `NAME=VALUE`.

        Raises:
            ValueError: With a message for whoever typed it.
        """
        self._values = dict(_read(text) for text in texts if text)

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def applied_to(self, manners: Manners) -> Manners:
        """How a bot with these manners behaves with these faults."""
        changes: dict[str, float | bool] = {}
        for name, value in self.items():
            changes |= _HABITS.get(name, {})
            if name in _TIMES:
                changes[_TIMES[name]] = value
        if "slower-than-speech" in self:
            changes["slowness"] = 1 + self["slower-than-speech"] / 100
        if "close-code" in self:
            changes["close_code"] = int(self["close-code"])
        return replace(manners, **changes)  # type: ignore[arg-type]  # names are checked by a test


def table() -> str:
    """All faults for `--help`."""
    rows = {
        name
        + (f"[={fault.unit}]" if fault.default is not None else f"={fault.unit}")
        * bool(fault.unit): fault.help
        for name, fault in FAULTS.items()
    }
    width = max(map(len, rows))
    return "\n".join(f"  {name:<{width}}  {text}" for name, text in rows.items())


def _read(text: str) -> tuple[str, float]:
    name, equals, value = text.strip().partition("=")
    fault = FAULTS.get(name)
    if fault is None:
        raise ValueError(f"there is no fault `{name}`; --help lists them")
    if not fault.unit:
        if equals:
            raise ValueError(f"fault `{name}` takes no value")
        return name, 1
    if not equals and fault.default is not None:
        return name, fault.default
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number < 1e9:
        raise ValueError(f"fault `{name}` needs a number: {name}={fault.unit}")
    return name, number
