"""Text of engines, registries and builds, made fit for messages."""

import re
import time
from collections.abc import Callable

_LINE_CHARACTERS = 300
_ACTING = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)


def plain(text: str) -> str:
    """Without colours and whatever else could act on a terminal."""
    return _ACTING.sub("", text)


def last_lines(text: str, count: int) -> list[str]:
    """The last lines that say something; of a line drawn over itself, how it looked last."""
    lines = (plain(line.rstrip("\r").rpartition("\r")[2]).rstrip() for line in text.split("\n"))
    return [line[:_LINE_CHARACTERS] for line in lines if line][-count:]


class Seldom:
    """Tells at most one line in `every_s` seconds, the first one at once."""

    def __init__(self, tell: Callable[[str], None], every_s: float = 3.0) -> None:
        self._tell = tell
        self._every_s = every_s
        self._next_s = 0.0

    def __call__(self, text: str) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + self._every_s
            self._tell(plain(text)[:_LINE_CHARACTERS])
