"""At which address a program in a bot's container reaches us.

| we are | we listen at | the bot calls |
|---|---|---|
| on the engine's machine, or in its `--network host` | the gateway of the bot's network | that |
| beside an engine in a virtual machine, Docker Desktop's | 127.0.0.1 | `host.docker.internal` |
| in a container, in a network with the bot | our own address there | that |
| in one network stack with the bot | 127.0.0.1 | that |
| elsewhere, the engine on a network of ours | our own address there | that |
| farther away | nowhere | |

That an address is ours is found out by binding to it, so a way that is named is there; a firewall
between containers and this machine is not seen.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from pipecat_voice_test.engine.client import engine_errors
from pipecat_voice_test.engine.places.route import HERE, Route
from pipecat_voice_test.engine.places.surroundings import AnEngine, Home, Network, Surroundings

DESKTOP = "Docker Desktop"
DESKTOP_NAME = "host.docker.internal"
_ANY_PORT = 9  # Nothing is sent there.


@dataclass(frozen=True, slots=True)
class WayBack:
    """`listen` is an address of this machine, `call` is what the bot calls it."""

    listen: str
    call: str


def find_way_back(
    engine: AnEngine, surroundings: Surroundings, route: Route, proc: Path = Path("/proc")
) -> WayBack | None:
    """The row of the table above that is true here; None for the last.

    Args:
        engine: Where the bot is.
        surroundings: Where we are.
        route: How we reach the bot.
        proc: Says how this machine reaches its neighbours.

    Raises:
        EngineError: The engine does not answer.
    """
    home = surroundings.home
    if route.stack is not None and route.call == HERE:
        return WayBack(HERE, HERE)
    with engine_errors("say how a bot reaches this runner"):
        if home is not None and not home.on_host:
            return _ours(_address_in(engine.client.api, home, route))
        if surroundings.engine_host and home is None:
            return _ours(address_towards(surroundings.engine_host, proc / "net" / "route"))
        found = _ours(_gateway(engine.client.api, route.network))
        if found is None and engine.client.info().get("OperatingSystem") == DESKTOP:
            return WayBack(HERE, DESKTOP_NAME)
        return found


def _ours(address: str) -> WayBack | None:
    """Such an address, if it is one of this machine."""
    if not address:
        return None
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.bind((address, 0))
    except OSError:
        return None
    return WayBack(address, address)


def _gateway(api: Any, network: Network | None) -> str:
    """This machine as a container of that network, or else of the engine's own, sees it."""
    attrs = api.inspect_network(network.id if network is not None else "bridge")
    for config in (attrs.get("IPAM") or {}).get("Config") or ():
        subnet, gateway = config.get("Subnet") or "", config.get("Gateway") or ""
        if gateway and ":" not in gateway:
            return str(gateway).partition("/")[0]
        if subnet and ":" not in subnet:  # Some engines leave the obvious out.
            return str(IPv4Network(subnet, strict=False)[1])
    return ""


def _address_in(api: Any, home: Home, route: Route) -> str:
    """Our own container's address where the bot can see it."""
    attrs: Mapping[str, Any] = api.inspect_container(home.stack)
    ends = (attrs["NetworkSettings"].get("Networks") or {}).items()
    for name, end in ends:
        if route.stack is not None:  # On the engine's machine, which we see as our gateway.
            fits = end.get("Gateway") == route.call
        else:
            network = route.network
            fits = network is not None and network.id in (end.get("NetworkID"), name)
        if fits:
            return str(end.get("IPAddress") or end.get("GlobalIPv6Address") or "")
    return ""


def address_towards(host: str, routes: Path) -> str:
    """Our address in the network that we share with a host; empty if there is no such network.

    What is behind a router sees some other address of ours, or none.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
            trial.connect((host, _ANY_PORT))
            theirs, ours = trial.getpeername()[0], trial.getsockname()[0]
        table = routes.read_text()
    except OSError:
        return ""
    return str(ours) if is_neighbour(theirs, table) else ""


def is_neighbour(address: str, route_table: str) -> bool:
    """Whether an IPv4 address is reached without a router.

    Args:
        address: Such as 172.18.0.3.
        route_table: Text of `/proc/net/route`: addresses are hexadecimal, last byte first.
    """
    best: tuple[int, bool] = (-1, False)
    for line in route_table.splitlines()[1:]:
        words = line.split()
        if len(words) < 8:
            continue
        target, gateway, mask = (_number(words[column]) for column in (1, 2, 7))
        if int(IPv4Address(address)) & mask == target:
            best = max(best, (mask, gateway == 0))
    return best[1]


def _number(reversed_hex: str) -> int:
    return int.from_bytes(bytes.fromhex(reversed_hex)[::-1], "big")
