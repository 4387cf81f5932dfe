"""What the engine's machine calls our folders."""

from typing import Any

import pytest
from pipecat_voice_test.engine.compose.host_paths import HostPaths
from pipecat_voice_test.engine.places.surroundings import Home, Surroundings

MOUNTS = [
    {"Destination": "/repo", "Source": "/home/ci/shop"},
    {"Destination": "/repo/cache", "Source": "/var/lib/docker/volumes/c/_data"},
    {"Destination": "/tmp", "Source": ""},
]


@pytest.mark.parametrize(
    ("path", "known"),
    [
        pytest.param("/repo", "/home/ci/shop", id="a-mount-itself"),
        pytest.param("/repo/a/b", "/home/ci/shop/a/b", id="inside-a-mount"),
        pytest.param("/repo/cache/x", "/var/lib/docker/volumes/c/_data/x", id="the-innermost"),
        pytest.param("/repository", None, id="a-name-that-only-begins-alike"),
        pytest.param("/tmp/x", None, id="in-memory"),
        pytest.param("/etc/hosts", None, id="ours-alone"),
    ],
)
def test_inside_a_container(path: str, known: str | None) -> None:
    assert HostPaths(MOUNTS).find(path) == known


@pytest.mark.parametrize(
    ("home", "known"),
    [
        pytest.param(None, "/repo/x", id="on-the-machine-itself"),
        pytest.param({"Mounts": MOUNTS}, "/home/ci/shop/x", id="in-a-container"),
        pytest.param({}, None, id="in-a-container-without-mounts"),
    ],
)
def test_where_we_are_decides(home: dict[str, Any] | None, known: str | None) -> None:
    here = None if home is None else Home(id="a", stack="a", attrs=home)

    assert HostPaths.of(Surroundings(home=here)).find("/repo/x") == known
