"""Networks that are there for one run, and our own container's stay in them."""

import contextlib
from typing import Any

import docker.errors

from pipecat_voice_test.engine.cleaning.ownership import ENGINE_TROUBLE
from pipecat_voice_test.engine.client import engine_errors
from pipecat_voice_test.engine.places.surroundings import Network, network_of
from pipecat_voice_test.errors import EngineError


def private_name(run_id: str) -> str:
    """Sorts after `bridge`: a container's first network by name is its way to the world."""
    return f"pvt-{run_id}"


def create_private(client: Any, run_id: str, labels: dict[str, str]) -> Network:
    """A network for our own container and the bots of this run.

    Raises:
        EngineError: The engine refused, for example because it has no addresses left.
    """
    name = private_name(run_id)
    with engine_errors("create a network"):
        client.api.create_network(name, driver="bridge", labels=labels, check_duplicate=True)
        network = network_of(client, name)
    if network is None:
        raise EngineError(
            f"the network `{name}` was gone as soon as it was created.",
            fix="find out what else removes networks here, such as `docker network prune`.",
        )
    return network


class Stay:
    """The networks that our own container has joined, to be left again."""

    def __init__(self, container: str) -> None:
        self._container = container
        self._joined: list[str] = []

    def join(self, client: Any, network: Network) -> None:
        """Join, unless we are in it already.

        Raises:
            EngineError: The engine refused.
        """
        with engine_errors(f"let this runner's container join the network `{network.name}`"):
            try:
                client.api.connect_container_to_network(self._container, network.id)
            except docker.errors.APIError as error:
                if "already exists in network" not in str(error):
                    raise
                return
        self._joined.append(network.id)

    def leave(self, client: Any) -> None:
        """Leave what was joined, in so far as the engine lets us. May be called twice."""
        while self._joined:
            leave(client, self._joined.pop(), self._container)


def leave(client: Any, network: str, container: str) -> None:
    """Nothing happens if the container is not in it, or either is gone."""
    with contextlib.suppress(*ENGINE_TROUBLE):
        client.api.disconnect_container_from_network(container, network, force=True)
