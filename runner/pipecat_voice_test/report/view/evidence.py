"""What the files of a call say, read back: call.wav, events.jsonl and bot.log.

They may be an hour old, from another machine, cut off by a full disk or written by somebody
else: what can be read is taken, and nothing is an error. Nearly all lines of events.jsonl are
audio, fifty a second and direction, so those are told by their look and added up without being
parsed as JSON.
"""

import json
import math
import re
import struct
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any, Protocol

import numpy as np

from pipecat_voice_test.audio.codec import SAMPLE_RATE_HZ, Pcm
from pipecat_voice_test.report.files import CallFiles
from pipecat_voice_test.report.view.model import Evidence

AUDIO = "media"
LEFT_OUT = "left_out"

# A longer pause ends a run of audio messages: what follows is another piece of speech.
RUN_PAUSE_MS = 1000.0
# A bot that floods the line leaves more lines than anybody reads.
MOST_EVENTS = 5000

_PCM = 1
_MOST_DIGITS = 18
_AUDIO_LINE = re.compile(
    rb'\{"t":(-?[0-9.]{1,20}),"dir":"(in|out)","event":"media","count":[0-9]+,'
    rb'(?:"sequence":[0-9]+,)?"size_bytes":[0-9]+,"payload_bytes":([0-9]{1,12})'
    rb'(?:,"payload_sha256":"[0-9a-f]*")?(?:,"late_ms":[-0-9.a-z]*)?\}\s*'
)

Line = Mapping[str, Any]


class Shelf(Protocol):
    """Where the files of calls are kept; what is missing is empty."""

    def evidence(self, files: CallFiles) -> Evidence: ...

    def log(self, path: str) -> str: ...


def read_evidence(wav: bytes, events: bytes | str | Iterable[bytes], log: str) -> Evidence:
    """Read the files of one call.

    Args:
        wav: call.wav, 16 bit at 8000 Hz; the channels are views of these bytes, not copies.
        events: events.jsonl, or its lines.
        log: bot.log.
    """
    said, heard = _channels(wav)
    data = events.encode("utf-8", "replace") if isinstance(events, str) else events
    lines = BytesIO(data) if isinstance(data, bytes) else data
    return Evidence(said, heard, _events(lines), log)


def _channels(wav: bytes) -> tuple[Pcm, Pcm]:
    """Left and right; of a mono file the right one is silence, of a foreign one both are empty."""
    channels, start, size_bytes = _samples_in(wav)
    frames = size_bytes // (2 * channels) if channels else 0
    samples = np.frombuffer(wav, "<i2", frames * channels, start) if frames else _NOTHING
    both = samples.astype(np.int16, copy=False).reshape(-1, max(1, channels))
    return both[:, 0], both[:, 1] if channels > 1 else np.zeros(len(both), np.int16)


_NOTHING: Pcm = np.zeros(0, np.int16)


def _samples_in(wav: bytes) -> tuple[int, int, int]:
    """How many channels there are, where their samples begin, and for how many bytes they last.

    No channels if these are not the samples that `report.recording` writes. The lengths in the
    header are only claims: of a file that was cut off they are those of the whole.
    """
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        return 0, 0, 0
    channels, position = 0, 12
    while position + 8 <= len(wav):
        name, claimed_bytes = struct.unpack_from("<4sI", wav, position)
        position += 8
        if name == b"data":
            return channels, position, min(claimed_bytes, len(wav) - position)
        if name == b"fmt " and position + 16 <= len(wav):
            coding, count, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", wav, position)
            ours = (coding, rate_hz, bits) == (_PCM, SAMPLE_RATE_HZ, 16)
            channels = count if ours else 0
        position += claimed_bytes + claimed_bytes % 2
    return 0, 0, 0


def _events(lines: Iterable[bytes]) -> tuple[Line, ...]:
    reading = _Reading()
    for line in lines:
        audio = _AUDIO_LINE.fullmatch(line)
        if audio is None:
            reading.line(line)
            continue
        at, direction, payload_bytes = audio.groups()
        at_ms = _number(at)
        if at_ms is not None:
            reading.audio(at_ms, direction.decode(), int(payload_bytes))
    return reading.events()


class _Reading:
    """Lines as they come in; audio is added to the run it continues."""

    def __init__(self) -> None:
        self._kept: list[dict[str, Any]] = []
        self._runs: dict[str, dict[str, Any]] = {}  # By direction: the one that goes on.
        self._last: dict[str, Any] | bytes | None = None  # Of those left out.
        self._left_out = 0

    def line(self, text: bytes) -> None:
        """A line that is not known to be audio; one that will be left out is not read either."""
        if len(self._kept) >= MOST_EVENTS:
            self._keep(text)
            return
        line = _parsed(text)
        if line is None:
            return
        if line["event"] == AUDIO and "detail" not in line:
            size_bytes = line.get("payload_bytes")
            size_bytes = size_bytes if isinstance(size_bytes, int) else 0
            self.audio(line["t"], str(line.get("dir")), size_bytes)
            return
        self._runs.pop(str(line.get("dir")), None)
        self._keep(line)

    def audio(self, at_ms: float, direction: str, payload_bytes: int) -> None:
        run = self._runs.get(direction)
        if run is None or at_ms - run["until"] > RUN_PAUSE_MS:
            run = {
                "t": at_ms, "until": at_ms, "dir": direction, "event": AUDIO,
                "count": 0, "payload_bytes": 0,
            }  # fmt: skip
            self._runs[direction] = run
            self._keep(run)
        run["until"] = max(run["until"], at_ms)
        run["count"] += 1
        run["payload_bytes"] += payload_bytes

    def _keep(self, line: dict[str, Any] | bytes) -> None:
        if isinstance(line, dict) and len(self._kept) < MOST_EVENTS:
            self._kept.append(line)
            return
        self._left_out += self._last is not None
        self._last = line

    def events(self) -> tuple[Line, ...]:
        """All of them, oldest first; of too many the first ones and the last, how it ended."""
        kept = list(self._kept)
        last = _parsed(self._last) if isinstance(self._last, bytes) else self._last
        if self._left_out:
            at_ms = kept[-1]["t"] if last is None else last["t"]
            kept.append({"t": at_ms, "dir": "rig", "event": LEFT_OUT, "count": self._left_out})
        if last is not None:
            kept.append(last)
        return tuple(sorted(kept, key=lambda line: float(line["t"])))


def _parsed(line: bytes) -> dict[str, Any] | None:
    """One object that says what happened and when, or None."""
    try:
        found = json.loads(line.decode("utf-8", "replace"), parse_int=_whole)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("event"), str):
        return None
    at_ms = found.get("t")
    if isinstance(at_ms, bool) or not isinstance(at_ms, int | float):
        return None
    return found if math.isfinite(at_ms) else None


def _whole(digits: str) -> int | float:
    """A number one can reckon with: one too long for that is as good as endless."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _number(text: bytes) -> float | None:
    try:
        number = float(text)
    except ValueError:  # "1.2.3"
        return None
    return int(number) if number == int(number) else number
