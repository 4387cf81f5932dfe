"""Which network a bot is given, and where it is phoned then.

| we are | the bot is created | we call |
|---|---|---|
| on the engine's machine, or in its `--network host` | its port on 127.0.0.1 | that |
| elsewhere, the engine at `tcp://` or `ssh://` | its port on all addresses | that machine |
| in a container with a network of its own | in that network | the bot there |
| in a container on the engine's `bridge` | in a private network that we join | the bot there |
| in a container without a network, or with another's | in the same network stack | 127.0.0.1 |
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipecat_voice_test.engine.places.surroundings import Home, Network, Surroundings
from pipecat_voice_test.errors import EngineError, UsageError

HERE = "127.0.0.1"
EVERYWHERE = "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Route:
    """How a bot's container is created, and where it is called.

    Attributes:
        network: The network it is created in; None for the engine's own default.
        private: `network` is yet to be created, for this run alone.
        join: Our own container has to join `network` as well.
        stack: Instead of a network of its own: "host" or "container:<id>".
        publish: The address of the engine's machine on which its port is published; None: not.
        call: The host to call; None: the bot's own address in `network`.
    """

    network: Network | None = None
    private: bool = False
    join: bool = False
    stack: str | None = None
    publish: str | None = None
    call: str | None = None

    def create_options(self, port: int) -> dict[str, Any]:
        """For docker-py's `containers.create`."""
        options: dict[str, Any] = {}
        if self.stack is not None:
            options["network_mode"] = self.stack
        if self.network is not None:
            options["network"] = self.network.name
        if self.publish is not None:
            on = None if self.publish == EVERYWHERE else (self.publish, None)
            options["ports"] = {f"{port}/tcp": on}
        return options

    def address(self, attrs: Mapping[str, Any], port: int) -> tuple[str, int] | None:
        """Host and port to call; None while the container has none.

        Args:
            attrs: What the engine says of the bot's running container.
            port: Where the bot listens in it.
        """
        if self.stack is not None:
            return self.call or HERE, port
        if self.publish is not None:
            published = _published(attrs, port, ipv6=":" in (self.call or ""))
            if published is not None:
                return self.call or HERE, published
        own = _own_address(attrs, self.network)
        return (own, port) if own else None

    def within(self, network: Network) -> "Route":
        """The same with the private network that has been created."""
        return replace(self, network=network)


def choose_route(surroundings: Surroundings, wanted: Network | None = None) -> Route:
    """The row of the table above that is true here.

    Args:
        surroundings: Where we are.
        wanted: The network in which the bot is to be, whatever it takes to reach it there.

    Raises:
        EngineError: A bot in that network cannot be reached from here.
        UsageError: Nobody can be reached in that network.
    """
    if wanted is not None and wanted.driver == "null":
        raise UsageError(
            f"a bot in the network `{wanted.name}` cannot be phoned, for it leads nowhere.",
            fix="leave out `--bot-network`, or name a network that the bot needs.",
        )
    home = surroundings.home
    if wanted is not None and wanted.driver == "host":
        return _on_the_host(surroundings)
    if home is None or home.on_host:
        far = surroundings.engine_host if home is None else ""
        return Route(wanted, publish=EVERYWHERE if far else HERE, call=far or HERE)
    if wanted is not None:
        return _in_wanted(home, wanted)
    if home.shares_stack or not home.networks:
        return beside(home)
    joinable = sorted(
        (one for one in home.networks if not one.default),
        key=lambda one: (one.internal, not one.name.startswith("github_network_"), one.name),
    )
    if joinable:
        return Route(joinable[0])
    return Route(private=True, join=True)


def beside(home: Home) -> Route:
    """In our own network stack, which works everywhere but leaves the bot no port of ours."""
    return Route(stack=f"container:{home.stack}", call=HERE)


def _in_wanted(home: Home, wanted: Network) -> Route:
    inside = wanted.id in {one.id for one in home.networks}
    if not inside and (home.shares_stack or not home.networks):
        raise EngineError(
            f"this runner's container cannot join the network `{wanted.name}`, in which the bot"
            " is to be.",
            fix=f"start the runner with `--network {wanted.name}`, or leave out `--bot-network`.",
        )
    return Route(wanted, join=not inside)


def _on_the_host(surroundings: Surroundings) -> Route:
    """In the network of the engine's machine, which from a container is behind its gateway."""
    home = surroundings.home
    if home is None or home.on_host:
        return Route(stack="host", call=(surroundings.engine_host if home is None else "") or HERE)
    gateway = next((one.gateway for one in home.networks if one.gateway), None)
    if gateway is None:
        raise EngineError(
            "this runner's container cannot reach the network of the engine's machine, in which"
            " the bot is to be.",
            fix="start the runner with `--network host`, or leave out `--bot-network`.",
        )
    return Route(stack="host", call=gateway)


def _published(attrs: Mapping[str, Any], port: int, *, ipv6: bool) -> int | None:
    """The port of the engine's machine; it may differ between IPv4 and IPv6."""
    bindings = (attrs["NetworkSettings"].get("Ports") or {}).get(f"{port}/tcp") or []
    bindings = [one for one in bindings if int(one.get("HostPort") or 0)]
    fitting = [one for one in bindings if (":" in (one.get("HostIp") or "")) == ipv6]
    return int((fitting or bindings)[0]["HostPort"]) if bindings else None


def _own_address(attrs: Mapping[str, Any], network: Network | None) -> str | None:
    ends = attrs["NetworkSettings"].get("Networks") or {}
    for name, end in ends.items():
        if network is None or network.id == end.get("NetworkID") or network.name == name:
            address: str = end.get("IPAddress") or end.get("GlobalIPv6Address") or ""
            if address:
                return address
    return None
