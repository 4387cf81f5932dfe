"""Speech on disk, so that a text is spoken once and not once per run.

An entry is a WAV file named by what it was made from: the engine's id and the text. It can be
shared between runs, branches and machines. The cache is never needed: a folder that cannot be
written and an entry that cannot be read only cost time.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import wave
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from pipecat_voice_test.voice.engines import Spoken, decoded_wav

_FORMAT = 1  # Grows when entries of the same name would hold something else.


def default_cache_folder(environ: Mapping[str, str]) -> Path | None:
    """`$PVT_CACHE_DIR`, else the user's cache folder; None if there is no home."""
    if named := environ.get("PVT_CACHE_DIR"):
        return Path(named)
    if named := environ.get("XDG_CACHE_HOME"):
        return Path(named, "pipecat-voice-test")
    try:
        return Path.home() / ".cache" / "pipecat-voice-test"
    except RuntimeError:
        return None


class SpeechCache:
    """What engines have said before.

    Args:
        folder: Where entries lie, created when the first is kept; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else folder / "speech"

    def find(self, engine_id: str, text: str) -> Spoken | None:
        """What the engine said, or None if it is not here or damaged."""
        if self._folder is None:
            return None
        try:
            return decoded_wav((self._folder / _name(engine_id, text)).read_bytes())
        except (OSError, ValueError):
            return None

    def keep(self, engine_id: str, text: str, spoken: Spoken) -> None:
        """Remember it, if the disk allows."""
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            _write_whole(self._folder / _name(engine_id, text), _encoded_wav(spoken))


def _name(engine_id: str, text: str) -> str:
    made_from = json.dumps([_FORMAT, engine_id, text]).encode()
    return f"{hashlib.sha256(made_from).hexdigest()[:40]}.wav"


def _encoded_wav(spoken: Spoken) -> bytes:
    data = BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(spoken.rate_hz)
        file.writeframes(spoken.pcm.astype("<i2").tobytes())
    return data.getvalue()


def _write_whole(path: Path, data: bytes) -> None:
    """Other runs see the whole file or none."""
    handle, written = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(written).replace(path)
    except OSError:
        Path(written).unlink(missing_ok=True)
        raise
