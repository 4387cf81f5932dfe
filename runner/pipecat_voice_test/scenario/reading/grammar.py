"""The keys of a scenario file, and what each may hold.

The one source for reading (`build`) and for the JSON Schema (`schema`). What needs two keys
at once, such as "one of `user` and `dtmf`", is judged in `build` and `turns`.

The grammar is that of Pipecat's eval files (pipecat-ai 1.14, `pipecat.evals`), widened by what
a phone call has; DESIGN 5. Source:
https://github.com/pipecat-ai/pipecat/tree/v1.14.0/src/pipecat/evals
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, Tag

from pipecat_voice_test.scenario.model import Detector
from pipecat_voice_test.scenario.reading.values import (
    MAX_MS,
    Block,
    Count,
    Digits,
    Event,
    Level,
    Maybe,
    Ms,
    NoiseFloor,
    OpenBlock,
    PauseKeys,
    Said,
    Seconds,
    Text,
    text_or,
)


class CalledFunction(Block):
    """A function call of Pipecat's evals; read, but never heard on a phone line."""

    name: Maybe[Text] = None
    args: Maybe[OpenBlock] = None


Called = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[CalledFunction, Tag("<call>")], text_or("<call>")
]


class ExpectationKeys(Block):
    """Something the bot should do, or not do."""

    event: Event = Field(description="What is waited for.")
    within_ms: Maybe[Ms] = Field(
        None, description="Limit in milliseconds; from when it counts depends on the event."
    )
    absent: Maybe[bool] = Field(None, description="The event must not happen within `within_ms`.")
    check_from: Literal["previous", "turn_start"] = Field(
        "previous",
        description="Look from where the expectation above was met, or from the turn's start.",
    )
    name: Maybe[Text] = Field(
        None, description="With `mark`, the mark that counts; with `function_call`, the function."
    )
    text_contains: Maybe[Text] = Field(None, description="The reply's words must hold this.")
    text_excludes: Maybe[Text] = Field(None, description="The reply's words must not hold this.")
    eval: Maybe[Text] = Field(None, description="What a judge should find true of the reply.")
    lasts_at_least_ms: Maybe[Ms] = Field(
        None, description="The reply must be at least this long, in milliseconds."
    )
    lasts_at_most_ms: Maybe[Ms] = Field(
        None, description="The reply must be at most this long, in milliseconds."
    )
    calls: Maybe[Annotated[list[Called], Field(min_length=1)]] = Field(
        None, description="Functions the bot should call; not heard on a phone line."
    )
    args: Maybe[OpenBlock] = Field(
        None, description="Arguments of the function call; not heard on a phone line."
    )
    marker: Maybe[Literal["complete", "short", "long", "incomplete"]] = Field(
        None, description="Marker of the language model; not heard on a phone line."
    )
    marker_first: Maybe[bool] = Field(None, description="Not heard on a phone line.")
    markers: Maybe[int] = Field(None, description="Not heard on a phone line.")
    text_after: Maybe[bool] = Field(None, description="Not heard on a phone line.")


class SendAfterKeys(Block):
    """When the caller begins."""

    event: Maybe[Event] = Field(
        None, description="Begin after this event; without it, after the bot's reply."
    )
    delay_ms: Annotated[int, Field(ge=0, le=MAX_MS)] = Field(
        0, description="Wait this long after the event, in milliseconds."
    )


class TurnKeys(Block):
    """One thing the caller does and what the bot should do about it."""

    name: Maybe[Text] = Field(None, description="What people call this turn.")
    user: Maybe[Said] = Field(
        None,
        description="What the caller says: a text, or a list of texts and `pause_ms` silences. "
        "Beside `audio`, the words of the recording.",
    )
    audio: Maybe[Text] = Field(
        None, description="A recording the caller plays; relative to the scenario file."
    )
    dtmf: Maybe[Digits] = Field(
        None, description="Keys the caller presses, of 0-9 * #. Quote them: `#` is a comment."
    )
    wait_ms: Maybe[Ms] = Field(None, description="The caller stays silent, in milliseconds.")
    hangup: Maybe[Literal[True]] = Field(
        None, description="The caller hangs up; only in the last turn."
    )
    kind: Maybe[Literal["turn", "barge_in", "distractor"]] = Field(
        None,
        description="How the speech is meant: an ordinary turn, an interruption, or a sound that "
        "must not take the floor. Speech sent after `bot_started_speaking` is a barge_in.",
    )
    send_after: Maybe[SendAfterKeys] = Field(
        None, description="When the caller begins; without it, once the bot has finished."
    )
    slow: bool = Field(False, description="A tool runs: the answer may take 6000 ms.")
    expect: list[ExpectationKeys] = Field(
        default_factory=list, description="What the bot should do, in this order."
    )
    image: Maybe[Text] = Field(
        None, description="Of Pipecat's evals; a phone line has no images, so it is skipped."
    )


class CallKeys(Block):
    """What the network tells the bot when the call starts."""

    from_: Maybe[Text] = Field(None, alias="from", description="The caller's number, quoted.")
    to: Maybe[Text] = Field(None, description="The called number, quoted.")
    parameters: dict[str, str] = Field(
        default_factory=dict,
        description="Custom parameters of the stream; name and value under 500 characters.",
    )
    max_call_s: Maybe[Annotated[int, Field(gt=0, le=14_400)]] = Field(
        None, description="The call ends after this many seconds at the latest."
    )


class NoiseKeys(Block):
    """A recording under the whole call."""

    audio: Text = Field(description="The recording; relative to the scenario file.")
    snr_db: Annotated[float, Field(ge=-60, le=100)] = Field(
        15.0, description="How far it lies below the caller's speech, in dB."
    )


class LineKeys(Block):
    """What the line does to the caller's voice."""

    level_dbov: Maybe[Level] = Field(
        None, description="Active level of the caller's speech in dBov, or `keep`."
    )
    line_noise_dbov: Maybe[NoiseFloor] = Field(
        None, description="Level of the noise floor in dBov, or `off` for digital silence."
    )
    noise: Maybe[NoiseKeys] = Field(None, description="Noise under the whole call.")
    reorder: bool = Field(
        False, description="Frames overtake each other now and then, where a network does that."
    )


class MetricKeys(Block):
    """A metric of one of Pipecat's simulations; read, but not measured on a phone line."""

    name: Maybe[Text] = None
    criterion: Maybe[Text] = None
    min_score: Maybe[float] = None
    measure: Maybe[Literal["turns", "duration", "words", "latency", "function_calls"]] = None
    min_value: Maybe[float] = None
    max_value: Maybe[float] = None
    calls: Maybe[list[Called]] = None


class ScenarioKeys(Block):
    """One call to hold with the bot, and how it is judged."""

    name: Text = Field(description="What people call this scenario.")
    turns: Maybe[Annotated[list[TurnKeys], Field(min_length=1)]] = Field(
        None, description="What the caller does, in this order."
    )
    tags: list[Text] = Field(default_factory=list, description="For `--tag`.")
    call: Maybe[CallKeys] = Field(None, description="What the bot is told.")
    line: Maybe[LineKeys] = Field(None, description="What the line is like.")
    limits: Any = None  # Read in `limit_keys`, described in `schema`.
    stop_on_failure: bool = Field(
        True, description="Whether the call ends at the first turn that failed."
    )
    turn_gap_ms: Maybe[Ms] = Field(
        None, description="Silence after which the bot's turn is over, in milliseconds."
    )
    detector: Detector = Field(
        "auto",
        description="What finds the bot's speech: its `level`, a neural `model`, or `auto`, which "
        "takes the model where there is music or noise under the bot's voice.",
    )
    # The blocks of Pipecat's evals. Their insides are open.
    user: OpenBlock | None = Field(
        None, description="Of Pipecat's evals: how turns reach the bot. Ignored here."
    )
    judge: OpenBlock | None = Field(
        None, description="Of Pipecat's evals: what judges the replies. Ignored here."
    )
    context: list[OpenBlock] | None = Field(
        None, description="Of Pipecat's evals; cannot be set over a phone line, so it is skipped."
    )
    trigger_disconnect: bool = Field(False, description="Of Pipecat's evals. Ignored here.")
    # Pipecat's simulations, which are skipped.
    persona: Maybe[Text] = Field(
        None, description="Of Pipecat's evals: who the caller is. Such a scenario is skipped."
    )
    goal: Maybe[Text] = Field(None, description="Of Pipecat's evals: what the caller wants.")
    success: Maybe[Text] = Field(None, description="Of Pipecat's evals: what counts as success.")
    simulator: OpenBlock | None = Field(None, description="Of Pipecat's evals: who plays it.")
    metrics: list[MetricKeys] | None = Field(None, description="Of Pipecat's simulations.")
    max_turns: Maybe[Count] = Field(None, description="Of Pipecat's simulations.")
    max_duration_s: Maybe[Seconds] = Field(None, description="Of Pipecat's simulations.")
    max_silence_s: Maybe[Seconds] = Field(None, description="Of Pipecat's simulations.")
    runs: Maybe[Count] = Field(None, description="Of Pipecat's simulations.")


class FileKeys(ScenarioKeys):
    """A scenario file: one scenario, or several that share what stands at the top."""

    scenarios: Maybe[Annotated[list[ScenarioKeys], Field(min_length=1)]] = Field(
        None, description="Several scenarios; each replaces what stands at the top, key by key."
    )


# Which block the entries or the insides of a key are; "" is the top of the file.
BLOCKS: Mapping[str, type[BaseModel]] = {
    "": FileKeys,
    "scenarios": ScenarioKeys,
    "turns": TurnKeys,
    "expect": ExpectationKeys,
    "send_after": SendAfterKeys,
    "user": PauseKeys,
    "call": CallKeys,
    "line": LineKeys,
    "noise": NoiseKeys,
    "metrics": MetricKeys,
    "calls": CalledFunction,
}


def keys_of(block: str) -> tuple[str, ...]:
    """The keys a block may hold, as they are written."""
    fields = BLOCKS[block].model_fields
    return tuple(field.alias or name for name, field in fields.items())
