"""A bot is reached from every place where a CI job runs, and nothing is left there afterwards."""

import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from docker_engine import BASE_IMAGE, docker
from pipecat_voice_test.engine.cleaning.ownership import Role, new_run_id
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.places.lodging import Lodging
from pipecat_voice_test.engine.places.route import HERE, Route
from pipecat_voice_test.engine.places.surroundings import Home, Network, Surroundings
from pipecat_voice_test.errors import EngineError

from engine import sites

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

GONE_S = 10.0  # After SIGKILL; the issue says so.


@pytest.fixture
def network() -> Iterator[str]:
    """A network as a job has one."""
    name = sites.name()
    docker("network", "create", name)
    yield name
    docker("network", "rm", name)


@pytest.fixture
def neighbour() -> Iterator[str]:
    """A container on the default bridge that does nothing."""
    name = sites.name()
    docker("run", "--detach", "--init", "--name", name, BASE_IMAGE, "sleep", "600")
    yield name
    docker("rm", "--force", name)


def test_on_this_machine_its_port_is_published_to_nobody_else() -> None:
    with sites.on_this_machine("leave") as guest:
        guest.process.wait(30)

        assert guest.said["answer"] == 200
        assert guest.said["host"] == "127.0.0.1"
        assert guest.said["home"] is None
        assert sites.left_of(guest.run_id) == []


def test_from_the_default_bridge_both_are_in_a_network_of_their_own() -> None:
    with sites.in_a_container("leave") as guest:
        guest.process.wait(30)

        assert guest.said["answer"] == 200
        assert guest.said["bot_networks"] == [f"pvt-{guest.run_id}"]
        assert sites.left_of(guest.run_id) == []


def test_from_a_job_s_network_the_bot_is_in_it_too(network: str) -> None:
    with sites.in_a_container("leave", options=("--network", network)) as guest:
        guest.process.wait(30)

        assert guest.said["answer"] == 200
        assert guest.said["bot_networks"] == [network]
        assert sites.left_of(guest.run_id) == []


def test_from_the_machine_s_network_its_port_is_published() -> None:
    with sites.in_a_container("leave", options=("--network", "host")) as guest:
        guest.process.wait(30)

        assert guest.said["answer"] == 200
        assert guest.said["host"] == "127.0.0.1"
        assert guest.said["home"]
        assert sites.left_of(guest.run_id) == []


def test_from_a_container_without_a_network_the_bot_shares_what_there_is() -> None:
    with sites.in_a_container("leave", options=("--network", "none")) as guest:
        guest.process.wait(30)

        assert guest.said["answer"] == 200
        assert guest.said["host"] == "127.0.0.1"
        assert sites.left_of(guest.run_id) == []


def test_from_another_container_s_network_the_bot_shares_it_as_well(neighbour: str) -> None:
    with sites.in_a_container("leave", options=("--network", f"container:{neighbour}")) as guest:
        guest.process.wait(30)

        assert guest.said["answer"] == 200
        assert guest.said["host"] == "127.0.0.1"
        assert guest.said["home"] != docker("inspect", "--format", "{{.Id}}", neighbour)
        assert sites.left_of(guest.run_id) == []


def test_on_this_machine_a_bot_in_a_wanted_network_is_published_as_well(network: str) -> None:
    with sites.on_this_machine("leave", network) as guest:
        guest.process.wait(30)

        assert guest.said["answer"] == 200
        assert guest.said["host"] == "127.0.0.1"
        assert guest.said["bot_networks"] == [network]


def test_a_wanted_network_is_joined_and_left_again(network: str) -> None:
    members = ("network", "inspect", "--format", "{{range .Containers}}{{.Name}} {{end}}", network)
    with sites.in_a_container("stay", network) as guest:
        joined = docker(*members).split()
        docker("kill", "--signal", "INT", guest.container)
        guest.process.wait(30)

        assert guest.said["answer"] == 200
        assert guest.container in joined
        assert docker(*members) == ""
        assert sites.left_of(guest.run_id) == []


def test_a_bot_in_the_machine_s_own_network_is_behind_our_gateway() -> None:
    with sites.in_a_container("leave", "host") as guest:
        guest.process.wait(30)

        assert guest.said["answer"] == 200
        assert guest.said["bot_networks"] == ["host"]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="on-the-default-bridge"),
        pytest.param(("--network", "none"), id="without-a-network"),
    ],
)
def test_a_killed_container_of_ours_leaves_nothing(options: tuple[str, ...]) -> None:
    with sites.in_a_container("stay", options=options) as guest:
        docker("kill", guest.container)

        assert sites.wait_until_gone(guest.run_id, GONE_S) is not None


def test_a_killed_container_in_another_one_s_network_leaves_nothing(neighbour: str) -> None:
    shared = ("--network", f"container:{neighbour}")
    with sites.in_a_container("stay", options=shared) as guest:
        docker("kill", guest.container)

        assert sites.wait_until_gone(guest.run_id, GONE_S) is not None


def test_a_killed_process_leaves_nothing() -> None:
    with sites.on_this_machine("stay") as guest:
        guest.process.kill()

        assert sites.wait_until_gone(guest.run_id, GONE_S) is not None


def test_a_killed_process_in_a_container_that_lives_on_leaves_nothing(network: str) -> None:
    """A job's container outlives its steps; the networks that it was taken into are left."""
    members = ("network", "inspect", "--format", "{{range .Containers}}{{.Name}} {{end}}", network)
    job = sites.name()
    docker("run", "--detach", "--init", "--name", job, *sites.mounts(), BASE_IMAGE, "sleep", "600")
    try:
        with sites.inside(job, "stay", network) as guest:
            docker("exec", job, "sh", "-c", "kill -KILL $(cat /tmp/guest.pid)")

            assert sites.wait_until_gone(guest.run_id, GONE_S) is not None
            assert docker(*members) == ""
    finally:
        docker("rm", "--force", job)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_to_all_of_the_job_do_not_end_the_watchdog(number: signal.Signals) -> None:
    """Terminals and CI systems signal the whole group before they kill."""
    with sites.on_this_machine("stay") as guest:
        os.killpg(guest.process.pid, number)
        guest.process.kill()

        assert sites.wait_until_gone(guest.run_id, GONE_S) is not None


def test_a_bot_that_has_ended_is_at_a_port_where_nobody_answers(connected: Engine) -> None:
    lodging = Lodging.prepare(connected)
    try:
        options = lodging.create_options(7860)
        bot = connected.client.containers.create(BASE_IMAGE, ["true"], **options)
        bot.start()
        bot.wait()
        bot.reload()

        assert lodging.address(bot.attrs, 7860) == ("127.0.0.1", 0)
    finally:
        lodging.tidy_up()


def test_a_running_bot_without_an_address_is_an_error(connected: Engine) -> None:
    lodging = Lodging.prepare(connected)
    running: dict[str, Any] = {"State": {"Running": True}, "NetworkSettings": {"Networks": {}}}
    try:
        with pytest.raises(EngineError) as raised:
            lodging.address(running, 7860)
    finally:
        lodging.tidy_up()

    assert str(raised.value) == (
        "the container engine gave the bot no address for its port 7860.\n"
        "  Fix: name a network in which containers have addresses with `--bot-network`."
    )


def test_a_network_that_is_not_there_is_said(connected: Engine, network: str) -> None:
    missing = f"{network}-x"
    with pytest.raises(EngineError) as raised:
        Lodging.prepare(connected, missing)

    assert raised.value.what == f"the container engine has no network `{missing}`."
    assert raised.value.fix.startswith(
        f"create it with `docker network create {missing}`, or name one of: `bridge`, "
    )
    assert f"`{network}`" in raised.value.fix


def test_an_engine_without_networks_to_give_has_the_bot_share_ours(
    connected: Engine,
    neighbour: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own, run_id = docker("inspect", "--format", "{{.Id}}", neighbour), new_run_id()
    on_bridge = Surroundings(home=Home(own, own, networks=(Network("bridge", "", default=True),)))
    monkeypatch.setattr("pipecat_voice_test.engine.places.lodging.look_around", lambda _: on_bridge)
    docker("network", "create", f"pvt-{run_id}")
    try:
        lodging = Lodging.prepare(connected, run_id=run_id)
        lodging.tidy_up()

        assert lodging.create_options(7860)["network_mode"] == f"container:{own}"
        assert "network with name pvt-" in caplog.text
        assert "the bot shares this container's network instead of its own" in caplog.text
    finally:
        docker("network", "rm", f"pvt-{run_id}")


@pytest.mark.parametrize(
    ("stack", "whose", "instead"),
    [
        ("host", "the engine's machine", "leave out `--bot-network`"),
        ("container:x", "this runner's container", "with `--fresh-bot` say `--workers 1`"),
    ],
)
def test_a_port_at_which_somebody_else_would_be_called_is_refused(
    stack: str, whose: str, instead: str, connected: Engine
) -> None:
    lodging = Lodging(connected, new_run_id(), Surroundings(), Route(stack=stack, call=HERE))
    with socket.create_server((HERE, 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(EngineError) as refused:
            lodging.must_be_free(port)
    lodging.must_be_free(port)

    assert str(refused.value) == (
        f"port {port} is already taken in the network of {whose}, in which the bot is to be.\n"
        "  Fix: end the program that listens there; or have the bot listen on another port, and\n"
        f"       give that as `--bot-port`; or {instead}."
    )


def test_everything_of_a_run_carries_its_labels(connected: Engine) -> None:
    run_id = new_run_id()
    lodging = Lodging.prepare(connected, run_id=run_id)
    lodging.tidy_up()
    said = lodging.labels(Role.NETWORK)

    assert said["io.pipecat-voice-test.run"] == run_id
    assert said["io.pipecat-voice-test.role"] == "network"
    assert f"/{os.getpid()}/" in said["io.pipecat-voice-test.runner"]
    assert lodging.create_options(1)["labels"]["io.pipecat-voice-test.role"] == "bot"


def test_to_tidy_up_twice_does_nothing_more(connected: Engine) -> None:
    lodging = Lodging.prepare(connected)
    bot = connected.client.containers.create(BASE_IMAGE, ["true"], **lodging.create_options(7860))
    lodging.tidy_up()
    lodging.tidy_up()

    assert sites.left_of(lodging.run_id) == []
    assert bot.id not in docker("ps", "--all", "--quiet", "--no-trunc")
