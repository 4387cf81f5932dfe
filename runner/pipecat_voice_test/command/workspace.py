"""The repository that GitHub mounts into the action's container.

It belongs to whoever runs the job, and we are root: what we leave there must be given to that
user, or the next checkout on a self-hosted machine cannot remove it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from pipecat_voice_test.errors import UsageError

VARIABLE = "GITHUB_WORKSPACE"


class Workspace:
    """The folder that paths are relative to, and into which results go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._made: list[Path] = []
        self._results: Path | None = None

    @classmethod
    def enter(cls, environ: Mapping[str, str]) -> "Workspace":
        """Go to the folder that GitHub names; outside of a job stay where we are."""
        named = environ.get(VARIABLE, "")
        if named and Path(named).is_dir():
            os.chdir(named)
        return cls(Path.cwd())

    def expect_results(self, output_dir: str, quoted: str) -> None:
        """Take note of what is not there yet in the folder where results are to go.

        Args:
            output_dir: That folder, relative to the workspace.
            quoted: The same as whoever gave it wrote it.

        Raises:
            UsageError: It lies elsewhere, and would be gone together with the container.
        """
        results = (self.folder / output_dir).resolve()
        if not results.is_relative_to(self.folder):
            raise UsageError(
                f"{quoted} leads out of the workspace, where later steps cannot see it.",
                fix="name a folder inside, such as `voice-test-results`.",
            )
        self._made = [
            folder
            for folder in results.parents
            if folder.is_relative_to(self.folder) and not folder.exists()
        ]
        self._results = results

    def give_to_owner(self) -> None:
        """Give the results, and the folders made above them, to the workspace's owner.

        Links are not followed: a bot that was started beside us may have put them there.

        Raises:
            OSError: The system refused it.
        """
        if self._results is None or os.geteuid() != 0:
            return
        owner = self.folder.stat()
        if (owner.st_uid, owner.st_gid) == (0, 0) or not self._results.is_dir():
            return
        for _, folders, files, descriptor in os.fwalk(self._results, follow_symlinks=False):
            os.chown(descriptor, owner.st_uid, owner.st_gid)
            for name in (*folders, *files):
                os.chown(
                    name,
                    owner.st_uid,
                    owner.st_gid,
                    dir_fd=descriptor,
                    follow_symlinks=False,
                )
        for made in self._made:
            if made.is_dir():
                os.chown(made, owner.st_uid, owner.st_gid, follow_symlinks=False)
