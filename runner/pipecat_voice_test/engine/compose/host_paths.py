"""Folders of ours by the names that the engine's machine has for them.

A Compose file says `./data:/data`. The engine looks for that folder on its own machine, and where
it finds none it mounts a new empty one without a word. Inside a container our working directory is
somebody else's folder; our own mounts say whose.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from pipecat_voice_test.engine.places.surroundings import Surroundings


class HostPaths:
    """The mounts of the container in which we run, if any."""

    def __init__(self, mounts: Sequence[Mapping[str, Any]] | None) -> None:
        """`mounts` as `docker inspect` has them; None if paths are the same on both sides."""
        self._mounts = mounts

    @classmethod
    def of(cls, surroundings: Surroundings) -> "HostPaths":
        if surroundings.home is None:
            return cls(None)
        return cls((surroundings.home.attrs or {}).get("Mounts") or [])

    def find(self, path: str) -> str | None:
        """What the engine calls a file or folder of ours; None if it does not know it."""
        if self._mounts is None:
            return path
        ours = PurePosixPath(path)
        fitting = [
            (PurePosixPath(one["Destination"]), str(one.get("Source") or ""))
            for one in self._mounts
            if ours.is_relative_to(one["Destination"])
        ]
        if not fitting:
            return None
        destination, source = max(fitting, key=lambda one: len(one[0].parts))
        return str(PurePosixPath(source) / ours.relative_to(destination)) if source else None
