"""A bot is put where it can be called from, wherever that is."""

from typing import Any

import pytest
from pipecat_voice_test.engine.places.route import EVERYWHERE, HERE, Route, beside, choose_route
from pipecat_voice_test.engine.places.surroundings import Home, Network, Surroundings
from pipecat_voice_test.errors import EngineError, UsageError

BRIDGE = Network("bridge", "b" * 64, gateway="172.17.0.1", default=True)
JOB = Network("github_network_1", "1" * 64, gateway="172.18.0.1")
SERVICES = Network("app_default", "2" * 64, gateway="172.19.0.1")
INTERNAL = Network("closed", "3" * 64, internal=True)
HOST = Network("host", "4" * 64, driver="host")
NONE = Network("none", "5" * 64, driver="null")
OWN, OTHER = "c" * 64, "d" * 64

MACHINE = Surroundings()
FAR = Surroundings("docker")


def inside(*networks: Network, stack: str = OWN, on_host: bool = False) -> Surroundings:
    return Surroundings(home=Home(OWN, stack, on_host, networks))


@pytest.mark.parametrize(
    ("surroundings", "wanted", "route"),
    [
        pytest.param(MACHINE, None, Route(publish=HERE, call=HERE), id="on-the-machine"),
        pytest.param(
            inside(on_host=True),
            None,
            Route(publish=HERE, call=HERE),
            id="in-a-container-with-the-machine's-network",
        ),
        pytest.param(FAR, None, Route(publish=EVERYWHERE, call="docker"), id="another-machine"),
        pytest.param(inside(JOB), None, Route(JOB), id="in-a-job's-network"),
        pytest.param(
            inside(BRIDGE, SERVICES), None, Route(SERVICES), id="the-default-bridge-knows-no-names"
        ),
        pytest.param(
            inside(SERVICES, JOB, INTERNAL), None, Route(JOB), id="the-job's-network-before-others"
        ),
        pytest.param(
            inside(INTERNAL, SERVICES),
            None,
            Route(SERVICES),
            id="rather-a-network-that-leads-to-the-world",
        ),
        pytest.param(inside(INTERNAL), None, Route(INTERNAL), id="there-is-only-a-closed-one"),
        pytest.param(
            inside(BRIDGE), None, Route(private=True, join=True), id="on-the-default-bridge-only"
        ),
        pytest.param(
            inside(), None, Route(stack=f"container:{OWN}", call=HERE), id="without-any-network"
        ),
        pytest.param(
            inside(JOB, stack=OTHER),
            None,
            Route(stack=f"container:{OTHER}", call=HERE),
            id="with-another-container's-network",
        ),
        pytest.param(
            MACHINE, SERVICES, Route(SERVICES, publish=HERE, call=HERE), id="wanted-on-the-machine"
        ),
        pytest.param(
            FAR,
            SERVICES,
            Route(SERVICES, publish=EVERYWHERE, call="docker"),
            id="wanted-on-another-machine",
        ),
        pytest.param(
            inside(on_host=True),
            SERVICES,
            Route(SERVICES, publish=HERE, call=HERE),
            id="wanted-from-the-machine's-network",
        ),
        pytest.param(inside(BRIDGE), SERVICES, Route(SERVICES, join=True), id="wanted-and-joined"),
        pytest.param(
            inside(BRIDGE, SERVICES), SERVICES, Route(SERVICES), id="wanted-and-joined-already"
        ),
        pytest.param(
            inside(SERVICES, stack=OTHER),
            SERVICES,
            Route(SERVICES),
            id="wanted-where-the-other-container-is-already",
        ),
        pytest.param(inside(JOB), BRIDGE, Route(BRIDGE, join=True), id="the-default-bridge-wanted"),
        pytest.param(
            MACHINE, HOST, Route(stack="host", call=HERE), id="the-machine's-own-on-the-machine"
        ),
        pytest.param(
            FAR, HOST, Route(stack="host", call="docker"), id="the-machine's-own-on-another-machine"
        ),
        pytest.param(
            inside(on_host=True),
            HOST,
            Route(stack="host", call=HERE),
            id="the-machine's-own-which-we-share",
        ),
        pytest.param(
            inside(INTERNAL, JOB),
            HOST,
            Route(stack="host", call="172.18.0.1"),
            id="the-machine's-own-is-behind-our-gateway",
        ),
    ],
)
def test_the_way_to_a_bot(surroundings: Surroundings, wanted: Network | None, route: Route) -> None:
    assert choose_route(surroundings, wanted) == route


@pytest.mark.parametrize(
    ("surroundings", "wanted", "message"),
    [
        pytest.param(
            inside(),
            SERVICES,
            "this runner's container cannot join the network `app_default`, in which the bot is to"
            " be.\n  Fix: start the runner with `--network app_default`, or leave out"
            " `--bot-network`.",
            id="without-any-network",
        ),
        pytest.param(
            inside(JOB, stack=OTHER),
            SERVICES,
            "this runner's container cannot join the network `app_default`, in which the bot is to"
            " be.\n  Fix: start the runner with `--network app_default`, or leave out"
            " `--bot-network`.",
            id="with-another-container's-network",
        ),
        pytest.param(
            inside(INTERNAL),
            HOST,
            "this runner's container cannot reach the network of the engine's machine, in which"
            " the bot is to be.\n  Fix: start the runner with `--network host`, or leave out"
            " `--bot-network`.",
            id="without-a-gateway",
        ),
    ],
)
def test_a_network_out_of_reach_is_said(
    surroundings: Surroundings, wanted: Network, message: str
) -> None:
    with pytest.raises(EngineError) as raised:
        choose_route(surroundings, wanted)

    assert str(raised.value) == message


def test_a_bot_without_a_network_is_refused() -> None:
    with pytest.raises(UsageError) as raised:
        choose_route(MACHINE, NONE)

    assert str(raised.value) == (
        "a bot in the network `none` cannot be phoned, for it leads nowhere.\n"
        "  Fix: leave out `--bot-network`, or name a network that the bot needs."
    )


@pytest.mark.parametrize(
    ("route", "options"),
    [
        pytest.param(
            Route(publish=HERE, call=HERE), {"ports": {"7860/tcp": (HERE, None)}}, id="published"
        ),
        pytest.param(
            Route(publish=EVERYWHERE, call="docker"),
            {"ports": {"7860/tcp": None}},
            id="published-everywhere",
        ),
        pytest.param(Route(JOB), {"network": "github_network_1"}, id="in-a-network"),
        pytest.param(
            Route(SERVICES, publish=HERE),
            {"network": "app_default", "ports": {"7860/tcp": (HERE, None)}},
            id="in-a-network-and-published",
        ),
        pytest.param(
            beside(Home(OWN, OTHER)), {"network_mode": f"container:{OTHER}"}, id="beside-us"
        ),
    ],
)
def test_what_the_engine_is_asked_for(route: Route, options: dict[str, Any]) -> None:
    assert route.create_options(7860) == options


def attrs(ports: dict[str, Any] | None = None, **networks: dict[str, str]) -> dict[str, Any]:
    return {"NetworkSettings": {"Ports": ports, "Networks": networks}}


def published(*bindings: tuple[str, str]) -> dict[str, Any]:
    return attrs(
        {"7860/tcp": [{"HostIp": ip, "HostPort": port} for ip, port in bindings]},
        bridge={"NetworkID": BRIDGE.id, "IPAddress": "172.17.0.9"},
    )


@pytest.mark.parametrize(
    ("route", "container", "address"),
    [
        pytest.param(
            Route(publish=HERE, call=HERE),
            published((HERE, "32768")),
            (HERE, 32768),
            id="a-published-port",
        ),
        pytest.param(
            Route(publish=EVERYWHERE, call="docker"),
            published(("::", "32770"), ("0.0.0.0", "32769")),
            ("docker", 32769),
            id="the-port-for-ipv4-where-they-differ",
        ),
        pytest.param(
            Route(publish=EVERYWHERE, call="fd00::5"),
            published(("0.0.0.0", "32769"), ("::", "32770")),
            ("fd00::5", 32770),
            id="the-port-for-ipv6-where-that-is-called",
        ),
        pytest.param(
            Route(publish=EVERYWHERE, call="docker"),
            published(("::", "32770")),
            ("docker", 32770),
            id="the-only-port-there-is",
        ),
        pytest.param(
            Route(INTERNAL, publish=HERE, call=HERE),
            attrs({}, closed={"NetworkID": INTERNAL.id, "IPAddress": "172.20.0.2"}),
            ("172.20.0.2", 7860),
            id="a-closed-network-publishes-nothing",
        ),
        pytest.param(
            Route(JOB),
            attrs(
                None,
                bridge={"NetworkID": BRIDGE.id, "IPAddress": "172.17.0.9"},
                github_network_1={"NetworkID": JOB.id, "IPAddress": "172.18.0.9"},
            ),
            ("172.18.0.9", 7860),
            id="the-address-in-the-network-that-we-share",
        ),
        pytest.param(
            Route(JOB),
            attrs(
                None,
                github_network_1={
                    "NetworkID": JOB.id,
                    "IPAddress": "",
                    "GlobalIPv6Address": "fd00::9",
                },
            ),
            ("fd00::9", 7860),
            id="a-network-without-ipv4",
        ),
        pytest.param(
            Route(stack="host", call="172.18.0.1"),
            attrs(),
            ("172.18.0.1", 7860),
            id="the-machine's-own",
        ),
        pytest.param(beside(Home(OWN, OWN)), attrs(), (HERE, 7860), id="beside-us"),
        pytest.param(Route(JOB), attrs({}, github_network_1={}), None, id="an-ended-container"),
        pytest.param(
            Route(publish=HERE, call=HERE),
            attrs({"7860/tcp": None}, bridge={"IPAddress": ""}),
            None,
            id="an-ended-container-that-was-published",
        ),
    ],
)
def test_where_a_bot_is_called(
    route: Route, container: dict[str, Any], address: tuple[str, int] | None
) -> None:
    assert route.address(container, 7860) == address
