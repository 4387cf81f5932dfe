"""Where the files of a run lie, and what their folders are called.

Folder names are made of scenario names, which may be anything, and have to work on every disk
a report is unpacked on, Windows included: there the case of letters does not count, some names
are devices, and a name does not end with a dot.

Source: https://learn.microsoft.com/windows/win32/fileio/naming-a-file
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

SLUG_CHARACTERS = 60
_HASH_CHARACTERS = 8
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)

RECORDING, BOT_RAW, EVENTS, TIMELINE, LOG = (
    "call.wav",
    "bot_raw.wav",
    "events.jsonl",
    "timeline.png",
    "bot.log",
)
JUNIT, RESULTS, PAGE, SUMMARY, CTRF = (
    "junit.xml",
    "results.json",
    "report.html",
    "summary.md",
    "ctrf.json",
)
CALL_FILES = frozenset({RECORDING, BOT_RAW, EVENTS, TIMELINE, LOG})
_NAMES_OF_PARTS = {  # Those of `CallFiles`.
    "recording": RECORDING,
    "bot_raw": BOT_RAW,
    "events": EVENTS,
    "timeline": TIMELINE,
    "log": LOG,
}
RUN_FILES = (JUNIT, RESULTS, PAGE, SUMMARY, CTRF)


@dataclass(frozen=True, slots=True)
class CallFiles:
    """The files of one call, relative to the output folder; None for one never written."""

    recording: str | None = None
    bot_raw: str | None = None
    events: str | None = None
    timeline: str | None = None
    log: str | None = None

    @classmethod
    def in_folder(cls, folder: str, names: Collection[str]) -> "CallFiles":
        """Those of these names, in a folder of the output folder."""
        paths = {
            part: f"{folder}/{name}" for part, name in _NAMES_OF_PARTS.items() if name in names
        }
        return cls(**paths)

    def by_name(self) -> dict[str, str]:
        """The path of each that was written, by the name of the file."""
        return {
            name: path
            for part, name in _NAMES_OF_PARTS.items()
            if (path := getattr(self, part)) is not None
        }

    def written(self) -> list[str]:
        """In the order a reader wants them: the recording first."""
        paths = (self.recording, self.bot_raw, self.events, self.timeline, self.log)
        return [path for path in paths if path is not None]


NO_FILES = CallFiles()

# By position: (index in `RunResult.scenarios`, index in `ScenarioResult.calls`).
Files = Mapping[tuple[int, int], CallFiles]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run took place, for paths that people and CI systems follow.

    Attributes:
        working: The working directory, absolute.
        output: The output folder; if it is relative, then to `working`.
        files: Of every call that wrote some.
    """

    working: PurePath
    output: PurePath
    files: Files = field(default_factory=dict)

    def relative(self, path: PurePath) -> str:
        """Give a path as seen from the working directory, with forward slashes."""
        if not path.is_absolute():
            return path.as_posix()
        here, there = self.working.parts, path.parts
        if here[:1] != there[:1]:
            return path.as_posix()  # Another drive.
        shared = 0
        while shared < min(len(here), len(there)) and here[shared] == there[shared]:
            shared += 1
        return "/".join([".."] * (len(here) - shared) + list(there[shared:])) or "."

    def of_call(self, scenario: int, call: int) -> CallFiles:
        return self.files.get((scenario, call), NO_FILES)

    def shown(self, file: str) -> str:
        """Give one of a call's files as seen from the working directory."""
        return self.relative(self.output / file)


def unused_slug(name: str, taken: set[str]) -> str:
    """Name the folder of one scenario, safe on every disk, and add it to `taken`.

    A name that had to be cut, or is taken, ends with a piece of the hash of the whole name.
    """
    base = _safe(name)
    slug, attempt = base, 0
    if len(base) > SLUG_CHARACTERS:
        slug = _with_hash(base, name)
    while slug in taken:
        attempt += 1
        slug = _with_hash(base, f"{name}\0{attempt}")
    taken.add(slug)
    return slug


def _safe(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not slug:
        return _with_hash("scenario", name)
    return f"scenario-{slug}" if slug in _DEVICES else slug


def _with_hash(base: str, name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_CHARACTERS]
    return f"{base[: SLUG_CHARACTERS - _HASH_CHARACTERS - 1].rstrip('-')}-{digest}"
