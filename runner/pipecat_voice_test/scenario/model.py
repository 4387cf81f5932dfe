"""A scenario as the rest of the program sees it: read, checked, and free of YAML.

Names are those of DESIGN 5. Everything here is frozen; `scenario/grammar.py` builds it.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pipecat_voice_test.scenario.limits import DEFAULT_LIMITS, Limits

DEFAULT_TURN_GAP_MS = 1200
DEFAULT_MAX_CALL_S = 120
DEFAULT_LEVEL_DBOV = -26.0
DEFAULT_LINE_NOISE_DBOV = -60.0


Detector = Literal["auto", "level", "model"]


class TurnKind(StrEnum):
    """What the caller does in a turn, as results.json names it."""

    LISTEN = "listen"
    TURN = "turn"
    BARGE_IN = "barge_in"
    DISTRACTOR = "distractor"
    DTMF = "dtmf"
    WAIT = "wait"
    HANGUP = "hangup"


SPOKEN = frozenset({TurnKind.TURN, TurnKind.BARGE_IN, TurnKind.DISTRACTOR})


class EventName(StrEnum):
    """What can be expected on a phone line, or anchor a `send_after`."""

    RESPONSE = "response"
    BOT_INTERRUPTED = "bot_interrupted"
    BOT_STARTED_SPEAKING = "bot_started_speaking"
    BOT_STOPPED_SPEAKING = "bot_stopped_speaking"
    CLEAR = "clear"
    MARK = "mark"
    CALL_ENDED = "call_ended"
    # The caller's own; only in `send_after`.
    USER_STARTED_SPEAKING = "user_started_speaking"
    USER_STOPPED_SPEAKING = "user_stopped_speaking"


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence inside an utterance."""

    pause_ms: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """One entry of `expect:` that a phone line can show, or that is skipped with a reason.

    Attributes:
        index: Position in the turn's `expect:` list; the check's id ends with it.
        line: Line of the scenario file, from 1.
        event: What is waited for, aliases resolved; None if it cannot be observed.
        written: The event as the file has it.
        within_ms: Limit, or None for the default wait of 60 s.
        absent: The event must not happen within `within_ms`.
        from_turn_start: `check_from: turn_start`.
        mark_name: Only this mark counts.
        text_conditions: Names of the text conditions given (`text_contains`, `text_excludes`,
            `eval`), each a skipped check while there is no recogniser or judge.
        lasts_at_least_ms, lasts_at_most_ms: Bounds on `response_duration_ms`.
        skip_reason: Why nothing of this expectation can be judged on a phone line, or empty.
    """

    index: int
    line: int
    event: EventName | None
    written: str
    within_ms: int | None = None
    absent: bool = False
    from_turn_start: bool = False
    mark_name: str | None = None
    text_contains: str | None = None
    text_excludes: str | None = None
    judged_by: str | None = None
    lasts_at_least_ms: int | None = None
    lasts_at_most_ms: int | None = None
    skip_reason: str = ""

    @property
    def text_conditions(self) -> tuple[str, ...]:
        named = {
            "text_contains": self.text_contains,
            "text_excludes": self.text_excludes,
            "eval": self.judged_by,
        }
        return tuple(name for name, value in named.items() if value is not None)


@dataclass(frozen=True, slots=True)
class SendAfter:
    """When the caller begins: `delay_ms` after an event, or after the reply if none is named."""

    event: EventName | None
    delay_ms: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing the caller does, and what the bot should do about it.

    Attributes:
        index: Position in `turns:`, from 0.
        line: Line of the scenario file, from 1.
        parts: Text and pauses to be spoken; empty if `audio` is played or nothing is said.
        audio: The recording to be played, an existing file inside the root.
        text: What is said, for people; None if nothing is.
    """

    index: int
    line: int
    kind: TurnKind
    name: str = ""
    parts: tuple[str | Pause, ...] = ()
    audio: Path | None = None
    text: str | None = None
    dtmf: str = ""
    wait_ms: int = 0
    send_after: SendAfter | None = None
    expect: tuple[Expectation, ...] = ()
    slow: bool = False

    @property
    def speaks(self) -> bool:
        return self.kind in SPOKEN


@dataclass(frozen=True, slots=True)
class CallSetup:
    """What the network tells the bot when the call starts."""

    from_number: str = "+15551230001"
    to_number: str = "+15551230002"
    parameters: dict[str, str] = field(default_factory=dict)
    max_call_s: int = DEFAULT_MAX_CALL_S


@dataclass(frozen=True, slots=True)
class Noise:
    """A recording under the whole call, at this distance below the caller's speech."""

    audio: Path
    snr_db: float


@dataclass(frozen=True, slots=True)
class Line:
    """What the line does to the caller's voice; METRICS 6.

    Attributes:
        level_dbov: Active speech level of what the caller says; "keep" leaves it as it is.
        line_noise_dbov: Level of the noise floor (P-23); None is digital silence.
        reorder: Frames overtake each other, on networks that do that (PROTOCOL 9.1).
    """

    level_dbov: float | Literal["keep"] = DEFAULT_LEVEL_DBOV
    line_noise_dbov: float | None = DEFAULT_LINE_NOISE_DBOV
    noise: Noise | None = None
    reorder: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One call to hold with the bot, and how it is judged.

    Attributes:
        name: `<the file's name>/<the scenario's name>` in a file of several.
        file: The file it came from.
        line_number: Line of the file on which it begins, from 1.
        detector: How the bot's speech is found: by its level, by the neural detector, or
            (`auto`) by the one that fits what is under the bot's voice; METRICS 2.
        skip_reason: Why it cannot be run over a phone line at all, or empty.
        doubts: What in it no call can judge, each with its place and what to write instead.
        source: Text of the file it came from, for reports that show it; empty if it has none.
    """

    name: str
    file: Path
    line_number: int
    turns: tuple[Turn, ...]
    tags: tuple[str, ...] = ()
    call: CallSetup = CallSetup()
    line: Line = Line()
    limits: Limits = DEFAULT_LIMITS
    stop_on_failure: bool = True
    turn_gap_ms: int = DEFAULT_TURN_GAP_MS
    detector: Detector = "auto"
    skip_reason: str = ""
    doubts: tuple[str, ...] = ()
    source: str = field(default="", repr=False, compare=False)

    @property
    def bot_speaks_first(self) -> bool:
        """Whether the call opens with the caller waiting for the bot's first words."""
        return bool(self.turns) and self.turns[0].kind is TurnKind.LISTEN
