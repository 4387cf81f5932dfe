"""A bot in a container is told an address at which it reaches us, or none."""

import socket
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pipecat_voice_test.engine.places import way_back
from pipecat_voice_test.engine.places.route import EVERYWHERE, HERE, Route
from pipecat_voice_test.engine.places.surroundings import Home, Network, Surroundings
from pipecat_voice_test.engine.places.way_back import (
    WayBack,
    address_towards,
    find_way_back,
    is_neighbour,
)

OWN = "c" * 64
JOB = Network("job", "1" * 64)
BRIDGE = Network("bridge", "b" * 64, default=True)
MACHINE = Surroundings()
OURS = "127.0.0.1"  # Stands for every address that is ours here.
ELSEWHERE = "192.0.2.1"  # Nobody's (RFC 5737), so not ours.


class FakeEngine:
    """Knows networks by their ids and one container, ours."""

    address = "unix:///var/run/docker.sock"

    def __init__(
        self,
        networks: Mapping[str, list[dict[str, str]]],
        ends: Mapping[str, dict[str, str]] | None = None,
        system: str = "Debian",
    ) -> None:
        self.client: Any = SimpleNamespace(
            api=SimpleNamespace(
                inspect_network=lambda network: {"IPAM": {"Config": networks[network]}},
                inspect_container=lambda container: {
                    OWN: {"NetworkSettings": {"Networks": ends or {}}}
                }[container],
            ),
            info=lambda: {"OperatingSystem": system},
        )


def inside(**more: Any) -> Surroundings:
    return Surroundings(home=Home(OWN, OWN, **more))


@pytest.mark.parametrize(
    ("networks", "route", "way"),
    [
        pytest.param(
            {"bridge": [{"Subnet": "127.0.0.0/8", "Gateway": OURS}]},
            Route(publish=HERE, call=HERE),
            WayBack(OURS, OURS),
            id="by-the-gateway-of-the-engines-own-network",
        ),
        pytest.param(
            {JOB.id: [{"Subnet": "fd00::/64", "Gateway": "fd00::1"}, {"Gateway": f"{OURS}/8"}]},
            Route(JOB, publish=HERE, call=HERE),
            WayBack(OURS, OURS),
            id="of-the-wanted-network-and-by-ipv4",
        ),
        pytest.param(
            {"bridge": [{"Subnet": "127.0.0.0/8"}]},
            Route(publish=HERE, call=HERE),
            WayBack(OURS, OURS),
            id="a-gateway-that-is-not-named-is-the-first-address",
        ),
        pytest.param(
            {"bridge": [{"Gateway": ELSEWHERE}]},
            Route(publish=HERE, call=HERE),
            None,
            id="a-gateway-that-is-not-ours",
        ),
        pytest.param({"bridge": []}, Route(publish=HERE, call=HERE), None, id="no-gateway"),
        pytest.param({}, Route(stack="host", call=HERE), WayBack(HERE, HERE), id="one-stack"),
    ],
)
@pytest.mark.parametrize(
    "surroundings", [MACHINE, inside(on_host=True)], ids=["on-the-machine", "in-its-network"]
)
def test_on_the_engines_machine(
    networks: Mapping[str, list[dict[str, str]]],
    route: Route,
    way: WayBack | None,
    surroundings: Surroundings,
) -> None:
    assert find_way_back(FakeEngine(networks), surroundings, route) == way


def test_beside_an_engine_in_a_virtual_machine() -> None:
    engine = FakeEngine({"bridge": [{"Gateway": ELSEWHERE}]}, system="Docker Desktop")

    assert find_way_back(engine, MACHINE, Route(publish=HERE, call=HERE)) == WayBack(
        HERE, "host.docker.internal"
    )


@pytest.mark.parametrize(
    ("ends", "route", "way"),
    [
        pytest.param(
            {"bridge": {"IPAddress": ELSEWHERE}, "job": {"NetworkID": JOB.id, "IPAddress": OURS}},
            Route(JOB),
            WayBack(OURS, OURS),
            id="our-address-in-the-bots-network",
        ),
        pytest.param(
            {"job": {"NetworkID": JOB.id, "IPAddress": "", "GlobalIPv6Address": "::1"}},
            Route(JOB),
            WayBack("::1", "::1"),
            id="which-may-be-an-ipv6-one",
        ),
        pytest.param(
            {"bridge": {"IPAddress": OURS, "Gateway": "172.17.0.1"}},
            Route(stack="host", call="172.17.0.1"),
            WayBack(OURS, OURS),
            id="a-bot-on-the-machine-sees-us-where-we-see-it",
        ),
        pytest.param(
            {"job": {"NetworkID": JOB.id, "IPAddress": ELSEWHERE}},
            Route(JOB),
            None,
            id="an-address-that-is-not-ours",
        ),
        pytest.param(
            {"bridge": {"IPAddress": OURS}}, Route(JOB), None, id="we-are-not-in-its-network"
        ),
        pytest.param(
            {}, Route(stack=f"container:{OWN}", call=HERE), WayBack(HERE, HERE), id="one-stack"
        ),
    ],
)
def test_in_a_container(
    ends: Mapping[str, dict[str, str]], route: Route, way: WayBack | None
) -> None:
    assert find_way_back(FakeEngine({}, ends), inside(), route) == way


# --- an engine elsewhere ----------------------------------------------------------------------

# Our network 172.18.0.0/16, and a router at 172.18.0.1 for all else.
ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 010012AC 0003 0 0 0 00000000 0 0 0
eth0 000012AC 00000000 0001 0 0 0 0000FFFF 0 0 0
eth0 070A12AC 010012AC 0007 0 0 0 FFFFFFFF 0 0 0
not a line
"""


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("172.18.0.3", True),
        ("172.18.255.1", True),
        ("172.19.0.3", False),
        ("8.8.8.8", False),
        ("172.18.10.7", False),
    ],
)
def test_who_is_reached_without_a_router(address: str, near: bool) -> None:
    assert is_neighbour(address, ROUTES) is near


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    return tmp_path


def test_an_engine_in_a_network_of_ours_leads_back_to_us(proc: Path) -> None:
    """GitLab's docker:dind is such a neighbour."""
    (proc / "net" / "route").write_text(
        "Iface Destination Gateway Flags RefCnt Use Metric Mask\n"
        "lo 0000007F 00000000 0001 0 0 0 000000FF\n"
    )
    far = Surroundings("127.0.0.1")
    route = Route(publish=EVERYWHERE, call="127.0.0.1")

    assert find_way_back(FakeEngine({}), far, route, proc) == WayBack(OURS, OURS)


@pytest.mark.parametrize(
    ("host", "table"),
    [
        pytest.param("127.0.0.1", ROUTES, id="behind-a-router"),
        pytest.param("127.0.0.1", None, id="no-linux"),
        pytest.param("no-such-host.invalid", ROUTES, id="unknown-name"),
    ],
)
def test_what_is_farther_away_does_not_reach_us(host: str, table: str | None, proc: Path) -> None:
    if table is not None:
        (proc / "net" / "route").write_text(table)

    assert find_way_back(FakeEngine({}), Surroundings(host), Route(publish="x"), proc) is None


def test_nothing_is_sent_to_find_our_address(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (proc / "net" / "route").write_text(ROUTES)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as neighbour:
        neighbour.bind(("127.0.0.1", 0))
        neighbour.setblocking(False)
        monkeypatch.setattr(way_back, "_ANY_PORT", neighbour.getsockname()[1])
        address_towards("127.0.0.1", proc / "net" / "route")
        with pytest.raises(BlockingIOError):
            neighbour.recv(1)
