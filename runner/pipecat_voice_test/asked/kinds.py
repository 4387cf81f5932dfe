"""What an option may be given: how a text is read, and how to say what is wanted."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pipecat_voice_test.scenario.shard import Shard

T = TypeVar("T", covariant=True)

MOST = 10_000  # Calls; more are a slip of the finger, and their list would fill the memory.
_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """What may be given: `read` answers None for anything else, `wanted` says it in words."""

    read: Callable[[str], T | None]
    wanted: str = ""


def whole(low: int, high: int) -> Kind[int]:
    def read(text: str) -> int | None:
        if not re.fullmatch(r"[0-9]{1,20}", text.strip(), re.ASCII):
            return None
        number = int(text)
        return number if low <= number <= high else None

    return Kind(read, f"a whole number from {low} to {high}")


def one_of(*words: str) -> Kind[str]:
    return Kind(lambda text: text if text in words else None, f"one of: {', '.join(words)}")


def _seconds(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _above_zero(text: str) -> float | None:
    number = _seconds(text)
    return number if number is not None and number <= MOST else None


_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_LEAST_BYTES = 6 * 1024**2  # Engines refuse to start a container with less.


def _size(text: str) -> int | None:
    """Bytes, from a number with the units that `docker run --memory` takes."""
    parts = re.fullmatch(
        r"([0-9]{1,12}(?:\.[0-9]{1,6})?) *([bkmgt]?)(?:i?b)?", text.strip().lower()
    )
    if parts is None:
        return None
    size = int(float(parts[1]) * _UNITS[parts[2]])
    return size if size >= _LEAST_BYTES else None


def _shard(text: str) -> Shard | None:
    parts = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text.strip(), re.ASCII)
    if parts is None:
        return None
    shard = Shard(int(parts[1]), int(parts[2]))
    return shard if 1 <= shard.index <= shard.total <= MOST else None


def _yes_or_no(text: str) -> bool | None:
    word = text.strip().lower()
    return True if word in _YES else False if word in _NO else None


SECONDS = Kind(_seconds, "a number of seconds above 0")
FLAG = Kind(_yes_or_no, "one of: true, false")
SIZE = Kind(_size, "a size of at least 6m, such as 512m or 2g")
NUMBER = Kind(_above_zero, "a number above 0, such as 1.5")
SHARD_OF = Kind(_shard, "a shard such as 1/4: the first of four")
TEXT: Kind[str] = Kind(lambda text: text)
