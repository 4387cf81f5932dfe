"""A runner knows whether it is in a container of the engine, and in which."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest
import requests
from pipecat_voice_test.engine.places.surroundings import (
    Home,
    Network,
    container_ids,
    engine_host,
    look_around,
    writable_layer,
)

A, B = "a" * 64, "b" * 64
LAYER_A, LAYER_B = "1" * 64, "2" * 64

ROOT = (
    "113 50 0:39 / / rw,relatime master:2 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/"
    "Q7KTEYM5WVZ7YK4OTHV2AW6TU3:/var/lib/docker/overlay2/l/PSBWGV2PDEOVWXEPMLBLO3QRVQ,upperdir="
    "{folder}{layer}/diff,workdir={folder}{layer}/work\n"
)
FILES = "".join(
    f"{number} 113 254:0 {{folder}}/{name} /etc/{name} rw,relatime - ext4 /dev/vda rw\n"
    for number, name in enumerate(("resolv.conf", "hostname", "hosts"), 130)
)
MACHINE = "29 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n"


def mountinfo(container: str, layer: str = LAYER_A) -> str:
    root = ROOT.format(folder="/var/lib/docker/overlay2/", layer=layer)
    return root + FILES.format(folder=f"/var/lib/docker/containers/{container}")


@pytest.mark.parametrize(
    ("text", "cgroup", "ids"),
    [
        pytest.param(MACHINE, "0::/user.slice", [], id="on-a-machine"),
        pytest.param("", "", [], id="where-there-is-no-such-file"),
        pytest.param(mountinfo(A), "", [A], id="docker"),
        pytest.param(
            FILES.format(folder=f"/volumes/dind/_data/containers/{A}"),
            "",
            [A],
            id="docker-in-docker",
        ),
        pytest.param(
            FILES.format(folder=f"/containers/storage/overlay-containers/{A}/userdata"),
            "",
            [A],
            id="podman",
        ),
        pytest.param(
            "1 2 254:0 /var/lib/kubelet/pods/0a1b-22/etc-hosts /etc/hosts rw - ext4 /dev/vda rw\n"
            f"1 2 254:0 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/{A}/hostname"
            " /etc/hostname rw - ext4 /dev/vda rw\n",
            "",
            [A],
            id="kubernetes",
        ),
        pytest.param(
            FILES.format(folder=f"/data/{B}/containers/{A}"), "", [A], id="the-last-id-of-a-folder"
        ),
        pytest.param(
            mountinfo(A)
            + f"9 1 254:0 /var/lib/docker/containers/{B} /etc/neighbour rw - ext4 /dev/vda rw\n",
            "",
            [A],
            id="other-mounts-do-not-count",
        ),
        pytest.param(
            f"1 2 0:1 /containers/{B}/hosts /etc/hosts rw - ext4 x rw\n"
            f"1 2 0:1 /containers/{A}/hostname /etc/hostname rw - ext4 x rw\n"
            f"1 2 0:1 /containers/{A}/resolv.conf /etc/resolv.conf rw - ext4 x rw\n",
            "",
            [A, B],
            id="the-most-often-named-first",
        ),
        pytest.param(mountinfo(A), f"9:pids:/docker/{B}\n", [A], id="the-cgroup-comes-second"),
        pytest.param(
            MACHINE,
            f"9:pids:/docker/{B}/docker/{A}\n8:cpu:/docker/{B}/docker/{A}\n",
            [A],
            id="the-cgroup-where-no-file-tells",
        ),
        pytest.param(
            f"1 2 0:1 /x/{A}0/hosts /etc/hosts rw - ext4 x rw\n",
            "",
            [],
            id="longer-numbers-are-not-ids",
        ),
        pytest.param("short line\n\n1 2 3\n", "", [], id="lines-of-another-kind"),
    ],
)
def test_the_ids_that_may_be_ours(text: str, cgroup: str, ids: list[str]) -> None:
    assert container_ids(text, cgroup) == ids


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        pytest.param(mountinfo(A), f"{LAYER_A}/diff", id="docker"),
        pytest.param(
            ROOT.format(folder="", layer=LAYER_A), f"{LAYER_A}/diff", id="relative-to-a-folder"
        ),
        pytest.param(MACHINE, "", id="a-disk"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_writable_layer(text: str, layer: str) -> None:
    assert writable_layer(text) == layer


@pytest.mark.parametrize(
    ("address", "host"),
    [
        pytest.param("unix:///var/run/docker.sock", "", id="a-socket"),
        pytest.param("npipe:////./pipe/docker_engine", "", id="a-pipe"),
        pytest.param("tcp://docker:2375", "docker", id="tcp"),
        pytest.param("https://engine.example:2376", "engine.example", id="https"),
        pytest.param("ssh://me@far.example:2222", "far.example", id="ssh"),
        pytest.param("tcp://[fd00::5]:2375", "fd00::5", id="ipv6"),
        pytest.param("docker:2375", "docker", id="without-a-scheme"),
        pytest.param("tcp://localhost:2375", "", id="localhost"),
        pytest.param("tcp://127.0.0.1:2375", "", id="127.0.0.1"),
        pytest.param("tcp://[::1]:2375", "", id="ipv6-localhost"),
    ],
)
def test_the_machine_of_an_address(address: str, host: str) -> None:
    assert engine_host(address) == host


class Containers:
    """An engine's answers about containers and networks."""

    def __init__(self, *containers: dict[str, Any], forbidden: bool = False) -> None:
        self._containers = {one["Id"]: one for one in containers}
        self._forbidden = forbidden

    def inspect_container(self, container: str) -> dict[str, Any]:
        if self._forbidden:
            raise _refused(403)
        if container not in self._containers:
            raise _refused(404)
        return self._containers[container]

    def containers(self) -> list[dict[str, Any]]:
        return list(self._containers.values())

    def inspect_network(self, network: str) -> dict[str, Any]:
        driver = {"host": "host", "none": "null"}.get(network, "bridge")
        return {"Name": network, "Id": f"id of {network}", "Driver": driver}


def _refused(status: int) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code = status
    kind = docker.errors.NotFound if status == 404 else docker.errors.APIError
    return kind("refused", response=response)


def container(name: str, layer: str, mode: str = "default", *networks: str) -> dict[str, Any]:
    driver = {"Data": {"UpperDir": f"/var/lib/docker/overlay2/{layer}/diff"}} if layer else None
    return {
        "Id": name,
        "Name": f"/called-{name[0]}",
        "GraphDriver": driver,
        "HostConfig": {"NetworkMode": mode},
        "NetworkSettings": {
            "Networks": {
                network: {"NetworkID": network, "Gateway": "10.0.0.1"} for network in networks
            }
        },
    }


def home(tmp_path: Path, api: Containers, text: str) -> Home | None:
    (tmp_path / "mountinfo").write_text(text)
    engine = SimpleNamespace(client=SimpleNamespace(api=api), address="unix:///run/docker.sock")
    return look_around(engine, tmp_path).home


PLAIN = container(A, LAYER_A, "default", "bridge")
SHARER = container(B, LAYER_B, f"container:{A}")
BRIDGE = Network("bridge", "id of bridge", gateway="10.0.0.1", default=True)


def test_the_engine_has_to_know_us(tmp_path: Path) -> None:
    assert home(tmp_path, Containers(PLAIN), mountinfo(B)) is None


def test_an_engine_that_may_not_be_asked_does_not_know_us(tmp_path: Path) -> None:
    assert home(tmp_path, Containers(PLAIN, forbidden=True), mountinfo(A)) is None


def test_our_own_container_and_its_networks(tmp_path: Path) -> None:
    found = home(tmp_path, Containers(PLAIN), mountinfo(A))

    assert found == Home(A, A, networks=(BRIDGE,), attrs=PLAIN)


@pytest.mark.parametrize("mode", ["host", "none"])
def test_networks_without_addresses_are_none(tmp_path: Path, mode: str) -> None:
    own = container(A, LAYER_A, mode, mode)

    assert home(tmp_path, Containers(own), mountinfo(A)) == Home(
        A, A, on_host=mode == "host", attrs=own
    )


@pytest.mark.parametrize("by", [A, "called-a"])
def test_a_container_with_another_ones_network_is_told_from_it(tmp_path: Path, by: str) -> None:
    sharer = container(B, LAYER_B, f"container:{by}")
    found = home(tmp_path, Containers(PLAIN, sharer), mountinfo(A, LAYER_B))

    assert found == Home(B, A, networks=(BRIDGE,), attrs=sharer)


def test_a_container_whose_network_others_use_is_told_from_them(tmp_path: Path) -> None:
    found = home(tmp_path, Containers(PLAIN, SHARER), mountinfo(A, LAYER_A))

    assert found is not None
    assert found.id == A


def test_who_is_alone_with_a_network_is_its_owner_whatever_the_layer(tmp_path: Path) -> None:
    own = container(A, "", "default", "bridge")
    found = home(tmp_path, Containers(own), mountinfo(A))

    assert found is not None
    assert found.id == A


def test_who_of_several_we_are_may_stay_open(tmp_path: Path) -> None:
    own, sharer = container(A, "", "default", "bridge"), container(B, "", f"container:{A}")
    found = home(tmp_path, Containers(own, sharer), mountinfo(A))

    assert found == Home("", A, networks=(BRIDGE,), attrs=None)
    assert found.shares_stack
