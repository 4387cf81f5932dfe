"""Images that tests start containers of."""

from pathlib import Path

from docker_engine import docker


def built(name: str, folder: Path, *options: str) -> str:
    """Build an image, and remove the one that had its name, lest the engine's disk fill up."""
    before = docker("images", "--quiet", "--no-trunc", name)
    docker("build", "--quiet", "--tag", name, *options, str(folder), timeout_s=600.0)
    if before and before != docker("images", "--quiet", "--no-trunc", name):
        # It stays where something else uses it.
        docker("image", "rm", before, check=False)
    return name
