"""The files of calls, taken from a results folder for whoever draws them.

Paths come from results.json, which may have been written by anybody: nothing outside the folder
is read, by no `..`, no absolute path and no link. A file that is missing, or is none, is empty.
"""

from collections.abc import Iterator
from pathlib import Path

from pipecat_voice_test.report.files import CallFiles
from pipecat_voice_test.report.view.evidence import read_evidence
from pipecat_voice_test.report.view.model import Evidence

# An hour of call.wav; what a bot that floods the line may leave of the other two.
MOST_WAV_BYTES = 128 << 20
MOST_EVENTS_BYTES = 64 << 20
MOST_LOG_BYTES = 16 << 20
MOST_LINE_BYTES = 1 << 20


class CallShelf:
    """What lies in one results folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def evidence(self, files: CallFiles) -> Evidence:
        """What the files of one call say; of what cannot be read, nothing."""
        return read_evidence(
            self._read(files.recording, MOST_WAV_BYTES),
            self._lines(files.events, MOST_EVENTS_BYTES),
            self.log(files.log),
        )

    def log(self, path: str | None) -> str:
        """The text of a bot.log, or empty."""
        return self._read(path, MOST_LOG_BYTES).decode("utf-8", "replace")

    def find(self, path: str | None) -> Path | None:
        """Where a file really lies, or None."""
        if not path:
            return None
        try:
            folder = self._folder.resolve(strict=True)
            found = (folder / path).resolve(strict=True)
            return found if found.is_relative_to(folder) and found.is_file() else None
        except (OSError, ValueError, RuntimeError):  # Gone, no path at all, or links in a ring.
            return None

    def _lines(self, path: str | None, most_bytes: int) -> Iterator[bytes]:
        """A file line by line: of a long call's events the whole would be megabytes."""
        found = self.find(path)
        try:
            if found is not None:
                with found.open("rb") as file:
                    while most_bytes > 0 and (line := file.readline(MOST_LINE_BYTES)):
                        most_bytes -= len(line)
                        yield line
        except OSError:  # It may not be read.
            return

    def _read(self, path: str | None, most_bytes: int) -> bytes:
        found = self.find(path)
        try:
            if found is not None:
                with found.open("rb") as file:
                    return file.read(most_bytes)
        except OSError:  # It may not be read.
            pass
        return b""
