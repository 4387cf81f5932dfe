"""The values that keys of a scenario file may have, as types for `grammar`."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

MAX_MS = 86_400_000  # A day; more is a slip of the finger.
MAX_PAUSE_MS = 600_000

# Events a phone line shows, then those it does not, then the caller's own; DESIGN 5.
Event = Literal[
    "response",
    "bot_interrupted",
    "bot_started_speaking",
    "bot_stopped_speaking",
    "clear",
    "mark",
    "call_ended",
    "llm_response",
    "tts_response",
    "llm_started",
    "user_transcription",
    "function_call",
    "function_call_stopped",
    "llm_marker",
    "image",
    "bot_backchannel",
    "user_backchannel",
    "user_started_speaking",
    "user_stopped_speaking",
    "vad_user_started_speaking",
    "vad_user_stopped_speaking",
]

Text = Annotated[str, Field(min_length=1)]
Ms = Annotated[int, Field(gt=0, le=MAX_MS)]
Count = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]
OpenBlock = dict[str, Any]


def _refuse_empty(value: object) -> object:
    if value is None:
        raise PydanticCustomError("empty", "no value")
    return value


T = TypeVar("T")
# A key that may be left out, but not left empty.
Maybe = Annotated[T | None, BeforeValidator(_refuse_empty)]


class Block(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=False
    )


# A value that may have one of two types is told apart by its type, so that a mistake inside
# it is reported once and for the type that was meant. The tags never look like a key.
def text_or(other: str) -> Discriminator:
    return Discriminator(lambda value: other if isinstance(value, list | dict) else "<text>")


def number_or(other: str) -> Discriminator:
    def tell(value: object) -> str:
        return other if isinstance(value, str | bool) else "<number>"

    return Discriminator(tell)


class PauseKeys(Block):
    """Silence inside an utterance."""

    pause_ms: Annotated[int, Field(gt=0, le=MAX_PAUSE_MS)] = Field(
        description="How long the caller pauses, in milliseconds."
    )


Part = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[PauseKeys, Tag("<pause>")], text_or("<pause>")
]
Said = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[list[Part], Field(min_length=1), Tag("<parts>")],
    text_or("<parts>"),
]
Digits = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[int, Field(ge=0), Tag("<int>")],
    Discriminator(
        lambda value: "<int>" if isinstance(value, int) and value is not True else "<text>"
    ),
]


Level = Annotated[
    Annotated[float, Field(ge=-80, le=0), Tag("<number>")]
    | Annotated[Literal["keep"], Tag("<keep>")],
    number_or("<keep>"),
]
# YAML 1.1 reads a bare `off` as false.
NoiseFloor = Annotated[
    Annotated[float, Field(ge=-100, le=0), Tag("<number>")]
    | Annotated[Literal["off", False], Tag("<off>")],
    number_or("<off>"),
]
