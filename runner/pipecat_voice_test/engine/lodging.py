"""A place for bots: reachable from wherever we run, and empty again when we leave.

What `bot/` needs of the engine's networks and of cleaning up, in one object per run.
"""

import logging
from collections.abc import Mapping
from typing import Any, Self

from pipecat_voice_test.engine.client import Engine, engine_errors
from pipecat_voice_test.engine.ownership import Role, labels, new_run_id, remove_all
from pipecat_voice_test.engine.route import Route, choose_route
from pipecat_voice_test.engine.runner import Runner
from pipecat_voice_test.engine.surroundings import Network, Surroundings, look_around, network_of
from pipecat_voice_test.errors import EngineError

log = logging.getLogger(__name__)


class Lodging:
    """Where the bots of one run live.

    Attributes:
        run_id: The run, as in the labels of all that belongs to it.
        surroundings: Where we are.
        route: How a bot is reached from there.
    """

    def __init__(
        self, engine: Engine, run_id: str, surroundings: Surroundings, route: Route
    ) -> None:
        self.run_id = run_id
        self.surroundings = surroundings
        self.route = route
        self._engine = engine
        home = surroundings.home
        self._runner = Runner.here(home.id or home.stack if home else "")

    @classmethod
    def prepare(
        cls, engine: Engine, wanted_network: str | None = None, run_id: str | None = None
    ) -> Self:
        """Look around and make ready; from here on `tidy_up` has to be called.

        Args:
            engine: The engine.
            wanted_network: Name or id of a network in which the bot is to be.
            run_id: The run; None for a new one.

        Raises:
            EngineError: The engine does not answer, there is no such network, or a bot in it
                could not be reached from here.
            UsageError: Nobody in that network can be reached.
        """
        surroundings = look_around(engine)
        wanted = _wanted(engine, wanted_network) if wanted_network else None
        lodging = cls(
            engine, run_id or new_run_id(), surroundings, choose_route(surroundings, wanted)
        )
        return lodging

    def labels(self, role: Role | str = Role.BOT) -> dict[str, str]:
        """For whatever else is created for this run."""
        return labels(self.run_id, role, self._runner)

    def create_options(self, port: int) -> dict[str, Any]:
        """For docker-py's `containers.create`: network, published port and labels."""
        return {**self.route.create_options(port), "labels": self.labels()}

    def address(self, container_attrs: Mapping[str, Any], port: int) -> tuple[str, int]:
        """Host and port at which a bot is to be called.

        Args:
            container_attrs: `attrs` of its container, loaded again after the start.
            port: Where it listens in its container.

        Raises:
            EngineError: The engine gave it no address.
        """
        address = self.route.address(container_attrs, port)
        if address is None:
            raise EngineError(
                f"the container engine gave the bot no address for its port {port}.",
                fix="name a network in which containers have addresses with `--bot-network`.",
            )
        return address

    def tidy_up(self) -> None:
        """Remove everything of this run. May be called twice, and in a signal handler."""
        with self._engine.spare() as client:
            for problem in remove_all(client, self.run_id):
                log.warning("something of run %s is left: %s", self.run_id, problem)


def _wanted(engine: Engine, name: str) -> Network:
    name = "bridge" if name == "default" else name
    with engine_errors("list its networks"):
        network = network_of(engine.client, name)
        if network is not None:
            return network
        others = sorted(one["Name"] for one in engine.client.api.networks())
    raise EngineError(
        f"the container engine has no network `{name}`.",
        fix=f"create it with `docker network create {name}`, or name one of: "
        + ", ".join(f"`{one}`" for one in others)
        + ".",
    )
