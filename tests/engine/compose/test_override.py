"""What is laid over a user's Compose file, so that runs cannot get into each other's way."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipecat_voice_test.engine.compose.host_paths import HostPaths
from pipecat_voice_test.engine.compose.model import ComposeModel
from pipecat_voice_test.engine.compose.override import Wishes, override, wanted_network
from pipecat_voice_test.errors import EngineError, UsageError

from engine.compose.models import model, needs

WISHES = Wishes(
    needed=("bot",),
    project="pvt-abc-2",
    image_prefix="pvt-abc",
    port=7860,
    env={"TWILIO_ACCOUNT_SID": "AC0", "PRICE": "5$"},
    options={"ports": {"7860/tcp": ("127.0.0.1", None)}, "labels": {"role": "bot$"}},
    labels=lambda role: {"role": role},
)
SAME = HostPaths(None)
INSIDE = HostPaths([{"Destination": "/repo", "Source": "/home/$ci/shop"}])
LOGGING = {"driver": "json-file", "options": {"max-size": "8m", "max-file": "1"}}


class Loader(yaml.SafeLoader):
    """Keeps the tags that only Compose understands."""


Loader.add_constructor("!reset", lambda loader, node: "reset")
Loader.add_constructor(
    "!override",
    lambda loader, node: (
        "override",
        loader.construct_sequence(node, deep=True)
        if isinstance(node, yaml.SequenceNode)
        else loader.construct_mapping(node, deep=True),  # type: ignore[arg-type]  # no scalars
    ),
)


def laid_over(
    found: ComposeModel, wishes: Wishes = WISHES, paths: HostPaths = SAME
) -> dict[str, Any]:
    text = override(found, wishes, Path("/repo/shop"), paths)
    read: dict[str, Any] = yaml.load(text, Loader)
    return read


def test_all_that_becomes_of_a_bot_alone() -> None:
    assert laid_over(model({"bot": {"image": "shop", "networks": {"default": None}}})) == {
        "services": {
            "bot": {
                "environment": {"TWILIO_ACCOUNT_SID": "AC0", "PRICE": "5$$"},
                "init": False,
                "labels": {"role": "bot$$"},
                "logging": ("override", LOGGING),
                "networks": ("override", {"default": None}),
                "ports": (
                    "override",
                    [{"target": 7860, "protocol": "tcp", "host_ip": "127.0.0.1"}],
                ),
                "restart": "no",
            }
        }
    }


def test_all_that_becomes_of_what_it_depends_on() -> None:
    services = {"bot": {"depends_on": needs("db")}, "db": {"image": "db"}, "other": {}}

    added = laid_over(model(services), replace(WISHES, needed=("bot", "db")))

    assert added["services"].keys() == {"bot", "db"}
    assert added["services"]["db"] == {"labels": {"role": "service"}, "logging": LOGGING}


@pytest.mark.parametrize(
    ("service", "key", "added"),
    [
        pytest.param({"logging": {"driver": "none"}}, "logging", None, id="its-own-log-stays"),
        pytest.param({"build": {"context": "."}}, "image", "pvt-abc-db", id="an-image-of-ours"),
        pytest.param(
            {"build": {"context": "."}, "image": "shop/db"}, "image", None, id="or-its-own"
        ),
        pytest.param({"container_name": "db"}, "container_name", "reset", id="no-fixed-name"),
        pytest.param(
            {"container_name": "pg", "networks": {"back": {"aliases": ["sql"]}, "front": None}},
            "networks",
            ("override", {"back": {"aliases": ["sql", "pg"]}, "front": {"aliases": ["pg"]}}),
            id="but-it-still-answers-to-it",
        ),
        pytest.param(
            {"container_name": "pg", "network_mode": "host"},
            "networks",
            None,
            id="unless-it-has-no-name-of-its-own",
        ),
        pytest.param({"ports": [{"target": 5432}]}, "ports", None, id="its-ports-stay"),
    ],
)
def test_what_a_service_says_itself(service: dict[str, Any], key: str, added: object) -> None:
    services = {"bot": {"depends_on": needs("db")}, "db": service}

    found = laid_over(model(services), replace(WISHES, needed=("bot", "db")))

    assert found["services"]["db"].get(key) == added


@pytest.mark.parametrize(
    ("options", "service", "added"),
    [
        pytest.param(
            {"ports": {"7860/tcp": None}},
            {"networks": {"back": None}},
            {
                "ports": ("override", [{"target": 7860, "protocol": "tcp"}]),
                "networks": ("override", {"back": None}),
            },
            id="published-to-everybody",
        ),
        pytest.param(
            {"network": "job$net"},
            {"networks": {"back": {"aliases": ["robot"]}}, "container_name": "shop-bot"},
            {
                "ports": ("override", []),
                "networks": (
                    "override",
                    {"back": {"aliases": ["robot", "shop-bot"]}, "pvt-route": None},
                ),
            },
            id="in-a-network-besides-its-own",
        ),
        pytest.param(
            {"network": "net"},
            {"network_mode": "bridge"},
            {
                "ports": ("override", []),
                "network_mode": "reset",
                "networks": ("override", {"default": None, "pvt-route": None}),
            },
            id="off-the-engines-bridge",
        ),
        pytest.param(
            {"network_mode": "host"},
            {"network_mode": "host"},
            {"ports": ("override", []), "network_mode": "host", "networks": "reset"},
            id="on-the-machine's-own-network",
        ),
    ],
)
def test_how_the_bot_is_reached(
    options: Mapping[str, Any], service: dict[str, Any], added: dict[str, Any]
) -> None:
    wishes = replace(WISHES, options={**options, "labels": {}})

    found = laid_over(model({"bot": service}), wishes)

    bot = found["services"]["bot"]
    assert {key: bot.get(key) for key in added} == added
    assert found.get("networks") == (
        {"pvt-route": {"external": True, "name": options["network"].replace("$", "$$")}}
        if "network" in options
        else None
    )


def test_what_has_a_fixed_name_gets_one_of_this_run() -> None:
    networks = {"default": {"name": "abc_default"}, "shared": {"name": "x", "external": True}}
    volumes = {"data": {"name": "precious"}, "kept": {"name": "kept", "external": True}}

    added = laid_over(model({"bot": {}}, networks=networks, volumes=volumes))

    assert added["networks"] == {
        "default": {"name": "pvt-abc-2_default", "labels": {"role": "network"}}
    }
    assert added["volumes"] == {"data": {"name": "pvt-abc-2_data", "labels": {"role": "volume"}}}


def test_in_a_container_mounts_are_called_as_the_engine_calls_them() -> None:
    volumes = [
        {"type": "bind", "source": "/repo/shop/data", "target": "/data", "read_only": True},
        {"type": "bind", "source": "/repo/common", "target": "/common"},
        {"type": "bind", "source": "/var/run/docker.sock", "target": "/sock"},
        {"type": "volume", "source": "store", "target": "/store"},
    ]
    found = model(
        {"bot": {"volumes": volumes}},
        secrets={"token": {"file": "/repo/shop/token"}, "other": {"environment": "X"}},
        configs={"conf": {"file": "/repo/shop/conf"}},
    )

    added = laid_over(found, paths=INSIDE)

    assert added["services"]["bot"]["volumes"] == [
        {
            "type": "bind",
            "source": "/home/$$ci/shop/shop/data",
            "target": "/data",
            "read_only": True,
        },
        {"type": "bind", "source": "/home/$$ci/shop/common", "target": "/common"},
    ]
    assert added["secrets"] == {"token": {"file": "/home/$$ci/shop/shop/token"}}
    assert added["configs"] == {"conf": {"file": "/home/$$ci/shop/shop/conf"}}


@pytest.mark.parametrize(
    ("services", "secrets", "what"),
    [
        pytest.param(
            {"bot": {"volumes": [{"type": "bind", "source": "/repo/x$$y", "target": "/d"}]}},
            {},
            "mounts /repo/x$y into `bot`",
            id="a-folder",
        ),
        pytest.param(
            {"bot": {}},
            {"token": {"file": "/repo/shop/token"}},
            "takes `token` from /repo/shop/token",
            id="a-secret",
        ),
    ],
)
def test_a_mount_that_the_engine_does_not_know_is_refused(
    services: dict[str, Any], secrets: dict[str, Any], what: str
) -> None:
    with pytest.raises(UsageError) as caught:
        laid_over(model(services, secrets=secrets), paths=HostPaths([]))

    assert str(caught.value) == (
        f"compose.yaml {what}, which the container engine does not know: it is in this runner's"
        " own container.\n"
        '  Fix: start the runner with that folder mounted (`-v "$PWD":/repo`), or have the\n'
        "       image of the service bring along what it needs with `COPY`."
    )


def test_beside_us_the_bot_cannot_see_what_it_needs() -> None:
    services = {"bot": {"depends_on": needs("db")}, "db": {}}
    options = {"network_mode": "container:abc", "labels": {}}

    with pytest.raises(EngineError) as caught:
        laid_over(model(services), replace(WISHES, needed=("bot", "db"), options=options))

    assert str(caught.value) == (
        "this runner's container has no network that the bot and what it needs (db) could share"
        " with it.\n"
        "  Fix: start the runner without `--network none` and `--network container:…`."
    )


@pytest.mark.parametrize(
    ("service", "wanted"),
    [
        pytest.param({}, None, id="of-its-own"),
        pytest.param({"network_mode": "bridge"}, None, id="the-engines-bridge"),
        pytest.param({"network_mode": "host"}, "host", id="the-machines-own"),
    ],
)
def test_which_network_the_file_wants(service: dict[str, Any], wanted: str | None) -> None:
    assert wanted_network(model({"bot": service}), "bot") == wanted


def test_a_network_where_nobody_can_be_phoned() -> None:
    with pytest.raises(UsageError) as caught:
        wanted_network(model({"bot": {"network_mode": "service:vpn"}}), "bot")

    assert str(caught.value) == (
        "the service `bot` of compose.yaml has `network_mode: service:vpn`, where it cannot be"
        " phoned.\n"
        "  Fix: take `network_mode` out of it, or give it `networks:` instead."
    )
