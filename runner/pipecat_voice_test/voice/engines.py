"""Programs that turn a text into speech, best first: hibari-tts, flite, espeak-ng.

A recogniser's word error rate on what they say is 2.7 %, 2.7 to 4.5 % and 21 to 33 %. All run
offline and say the same words the same way each time, so their results can be cached.

Every engine runs in a process of its own that ends when it has spoken. onnxruntime and hibari's
dictionaries take 180 MB that a long-running process cannot give back.
"""

import importlib.metadata
import importlib.util
import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Protocol

import numpy as np

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.errors import SpeechError

START_TIMEOUT_S = 60
TEXT_TIMEOUT_S = 20
PROBE_TIMEOUT_S = 10

_EVIDENCE_LINES = 10
_REINSTALL = (
    "install the engine again, or another one:\n"
    "pip install 'pipecat-voice-test[speech]', or apt-get install flite,\n"
    "or give the turn a recording with `audio:`."
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """Mono speech at the rate of the engine that made it."""

    pcm: Pcm = field(repr=False)
    rate_hz: int


class SpeechEngine(Protocol):
    """Whoever can say a text."""

    @property
    def id(self) -> str:
        """Name, version and voice: engines with equal ids say a text in exactly the same way."""

    def speak(self, texts: Sequence[str]) -> list[Spoken]:
        """Say each text. Several at once cost little more than one.

        Raises:
            SpeechError: The engine failed.
        """


def find_engine() -> SpeechEngine | None:
    """The best engine that is installed here, or None."""
    return Hibari.find() or Flite.find() or EspeakNg.find()


@dataclass(frozen=True, slots=True)
class Hibari:
    """hibari-tts with the voice that comes in its package; the extra `speech`."""

    version: str

    @classmethod
    def find(cls) -> "Hibari | None":
        if not all(importlib.util.find_spec(name) for name in ("hibari", "onnxruntime")):
            return None
        try:
            return cls(importlib.metadata.version("hibari-tts"))
        except importlib.metadata.PackageNotFoundError:
            return None

    @property
    def id(self) -> str:
        return f"hibari-tts {self.version} heart"

    def speak(self, texts: Sequence[str]) -> list[Spoken]:
        # -P: a file named like a library in the working directory is not taken for it.
        command = [sys.executable, "-P", "-m", "pipecat_voice_test.voice.speak"]
        timeout_s = START_TIMEOUT_S + TEXT_TIMEOUT_S * len(texts)
        output = _run(self.id, command, texts, json.dumps(texts).encode(), timeout_s)
        spoken = []
        try:
            while output:
                rate_hz, samples = struct.unpack_from("<II", output)
                spoken.append(Spoken(np.frombuffer(output, "<i2", samples, 8), rate_hz))
                output = output[8 + 2 * samples :]
        except (struct.error, ValueError):
            spoken.clear()
        if len(spoken) != len(texts):
            raise _failed(self.id, texts, "its answer is incomplete")
        return spoken


@dataclass(frozen=True, slots=True)
class Flite:
    """CMU Flite with its voice `rms`; Debian's package `flite`."""

    program: str
    version: str

    @classmethod
    def find(cls) -> "Flite | None":
        program = shutil.which("flite")
        # Some builds come with one voice only.
        if program is None or "rms" not in _probe([program, "-lv"]).split():
            return None
        version = re.search(r"flite-(\S+)", _probe([program, "--version"]))
        return cls(program, version[1] if version else "unknown")

    @property
    def id(self) -> str:
        return f"flite {self.version} rms"

    def speak(self, texts: Sequence[str]) -> list[Spoken]:
        return [self._speak(text) for text in texts]

    def _speak(self, text: str) -> Spoken:
        with tempfile.TemporaryDirectory() as folder:
            said, heard = Path(folder, "text"), Path(folder, "speech.wav")
            said.write_bytes(text.encode(errors="replace"))
            command = [self.program, "-voice", "rms", "-f", str(said), "-o", str(heard)]
            _run(self.id, command, [text], b"", START_TIMEOUT_S)
            return _read_wav(self.id, text, heard)


@dataclass(frozen=True, slots=True)
class EspeakNg:
    """espeak-ng with American English: found nearly everywhere, understood least."""

    program: str
    version: str

    @classmethod
    def find(cls) -> "EspeakNg | None":
        program = shutil.which("espeak-ng")
        if program is None:
            return None
        version = re.search(r"\d[\w.]*", _probe([program, "--version"]))
        return cls(program, version[0]) if version else None

    @property
    def id(self) -> str:
        return f"espeak-ng {self.version} en-us"

    def speak(self, texts: Sequence[str]) -> list[Spoken]:
        return [self._speak(text) for text in texts]

    def _speak(self, text: str) -> Spoken:
        with tempfile.TemporaryDirectory() as folder:
            heard = Path(folder, "speech.wav")
            command = [self.program, "-v", "en-us", "--stdin", "-w", str(heard)]
            _run(self.id, command, [text], text.encode(errors="replace"), START_TIMEOUT_S)
            return _read_wav(self.id, text, heard)


def decoded_wav(data: bytes) -> Spoken:
    """Read a 16-bit mono WAV file as speech engines and our cache write it.

    Raises:
        ValueError: It is none, or it is cut short.
    """
    try:
        with wave.open(BytesIO(data)) as file:
            samples, rate_hz = file.getnframes(), file.getframerate()
            shape = file.getnchannels(), file.getsampwidth()
            pcm = file.readframes(samples)
    except (wave.Error, EOFError) as error:
        raise ValueError("no WAV file") from error
    if shape != (1, 2) or len(pcm) != 2 * samples:
        raise ValueError("no whole 16-bit mono WAV file")
    return Spoken(np.frombuffer(pcm, "<i2"), rate_hz)


def _read_wav(engine_id: str, text: str, path: Path) -> Spoken:
    try:
        return decoded_wav(path.read_bytes())
    except OSError as error:
        raise _failed(engine_id, [text], "it ended well but wrote no sound file") from error
    except ValueError as error:
        raise _failed(engine_id, [text], f"what it wrote is {error}") from error


def _probe(command: list[str]) -> str:
    """What a program says about itself, or nothing if it does not run."""
    try:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.decode(errors="replace")


def _run(
    engine_id: str, command: list[str], texts: Sequence[str], given: bytes, timeout_s: int
) -> bytes:
    try:
        result = subprocess.run(
            command, input=given, capture_output=True, timeout=timeout_s, check=False
        )
    except OSError as error:
        raise _failed(engine_id, texts, str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise _failed(engine_id, texts, f"it took longer than {timeout_s} s") from error
    if result.returncode:
        printed = result.stderr.decode(errors="replace").splitlines()[-_EVIDENCE_LINES:]
        code = f"it ended with exit code {result.returncode}"
        raise _failed(engine_id, texts, "\n".join([code, *printed]))
    return result.stdout


def _failed(engine_id: str, texts: Sequence[str], evidence: str) -> SpeechError:
    others = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
    return SpeechError(
        f'{engine_id} could not speak "{texts[0]}"{others}.', fix=_REINSTALL, evidence=evidence
    )
