"""The baseline that a run is compared with: read from disk before anything is written there.

It may lie where the run's own results go. The run then takes its place, which M-30 wants of
nobody who did not ask for it: the baseline is kept beside them, and that is said.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipecat_voice_test.errors import BaselineError, VoiceTestError
from pipecat_voice_test.measurement.comparison.model import Measured
from pipecat_voice_test.report.files import RESULTS, RUN_FILES

KEPT = "baseline.json"
MOST_BYTES = 256 * 1024 * 1024
_KEEP_ONE = (
    "keep the results.json of a run that passed, and name that file;\n"
    "without one there is nothing to compare with: leave `--baseline` out."
)


@dataclass(frozen=True, slots=True)
class BaselineFile:
    """A file as it was when it was asked for.

    Attributes:
        shown: As whoever asked wrote it.
    """

    shown: str
    data: bytes
    error: BaselineError | None = None

    @classmethod
    def read(cls, path: str) -> "BaselineFile":
        """Read it now; what went wrong is raised when it is asked for."""
        try:
            return cls(path, read_file(Path(path), path))
        except BaselineError as error:
            return cls(path, b"", error)

    def measured(self) -> Measured:
        """What it says.

        Raises:
            BaselineError: It cannot be read, or not be compared with.
        """
        if self.error is not None:
            raise self.error
        # What reads such files is loaded where there is one.
        from pipecat_voice_test.measurement.comparison.document import read_baseline

        return read_baseline(self.data, self.shown)

    def keep_beside(self, results: Path) -> str:
        """Keep a copy if the results of a run go where the baseline lies; say so, or nothing."""
        path = Path(self.shown)
        if self.error is not None:
            return ""
        if path.name not in RUN_FILES or path.parent.resolve() != results.resolve():
            return ""
        kept = path.with_name(KEPT)
        with suppress(OSError):
            kept.write_bytes(self.data)
            return (
                f"this run's results take the place of the baseline {self.shown}, "
                f"which is kept as {kept}"
            )
        return f"this run's results take the place of the baseline {self.shown}"


def read_file(
    path: Path,
    shown: str,
    error_of: type[VoiceTestError] = BaselineError,
    fix: str = _KEEP_ONE,
) -> bytes:
    """The content of a results.json that somebody named.

    Args:
        path: The file.
        shown: What to call it in messages.
        error_of: What is raised.
        fix: What to do where it cannot be read.

    Raises:
        VoiceTestError: It is not there, no file, or too large to be one of ours.
    """
    try:
        if path.is_dir():
            raise error_of(
                f"{shown} is a folder.", fix=f"name the file in it: {(path / RESULTS).as_posix()}"
            )
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise error_of(f"{shown} cannot be read: {error.strerror}.", fix=fix) from error
    if len(data) > MOST_BYTES:
        raise error_of(
            f"{shown} is larger than {MOST_BYTES // 1024**2} MiB.",
            fix="give the results.json of an earlier run.",
        )
    return data
