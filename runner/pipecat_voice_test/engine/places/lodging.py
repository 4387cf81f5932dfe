"""A place for bots: reachable from wherever we run, and empty again when we leave.

What `bot/` needs of the engine's networks and of cleaning up, in one object per run.
"""

import contextlib
import logging
import socket
from collections.abc import Iterator, Mapping
from typing import Any, Self

from pipecat_voice_test.engine.cleaning.guard import Guard
from pipecat_voice_test.engine.cleaning.ownership import (
    ENGINE_TROUBLE,
    Role,
    labels,
    new_run_id,
    remove_all,
)
from pipecat_voice_test.engine.cleaning.runner import Runner
from pipecat_voice_test.engine.client import Engine, engine_errors
from pipecat_voice_test.engine.places.network import Stay, create_private, private_name
from pipecat_voice_test.engine.places.route import HERE, Route, beside, choose_route
from pipecat_voice_test.engine.places.surroundings import (
    Network,
    Surroundings,
    look_around,
    network_of,
)
from pipecat_voice_test.engine.places.way_back import WayBack, find_way_back
from pipecat_voice_test.errors import EngineError

log = logging.getLogger(__name__)

_TIDY_S = 5.0
_ASK_S = 1.0


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
        self._runner = Runner.here((home.id or home.stack) if home else "")
        self._stay = Stay(home.stack) if home else None
        self._guard: Guard | None = None
        self._arriving: list[None] = []  # Counts; a lock would not do in a signal handler.

    @classmethod
    def prepare(
        cls, engine: Engine, wanted_network: str | None = None, run_id: str | None = None
    ) -> Self:
        """Look around and make ready. `tidy_up` is due afterwards, however the run ends.

        Args:
            engine: The engine.
            wanted_network: Name or id of a network in which the bot is to be.
            run_id: The run; None for a new one.

        Raises:
            EngineError: The engine does not answer, there is no such network, or a bot in it
                could not be reached from here.
            UsageError: Nobody in that network could be reached from anywhere.
        """
        surroundings = look_around(engine)
        wanted = _wanted(engine, wanted_network) if wanted_network else None
        route = choose_route(surroundings, wanted)
        lodging = cls(engine, run_id or new_run_id(), surroundings, route)
        try:
            lodging._move_in()
        except BaseException:
            lodging.tidy_up()
            raise
        return lodging

    def labels(self, role: Role | str = Role.BOT) -> dict[str, str]:
        """For everything that is created for this run."""
        return labels(self.run_id, role, self._runner)

    def create_options(self, port: int) -> dict[str, Any]:
        """For docker-py's `containers.create`: network, published port and labels.

        Blocks for as long as it takes until nothing that is created now can be left behind.
        """
        if self._guard is not None:
            self._guard.settle()
        return {**self.route.create_options(port), "labels": self.labels()}

    @contextlib.contextmanager
    def arriving(self) -> Iterator[None]:
        """Around the making of a container: if the run ends meanwhile, it is waited for."""
        self._arriving.append(None)
        if self._guard is not None:
            self._guard.coming()
        try:
            yield
        finally:
            if self._guard is not None:
                self._guard.come()
            self._arriving.pop()

    def must_be_free(self, port: int) -> None:
        """Ask before a bot is started whose network is not its own, but somebody else's too.

        Raises:
            EngineError: Somebody else listens there, and would be called in place of the bot.
        """
        at = self.route.address({}, port) if self.route.stack is not None else None
        if at is None:
            return
        try:
            socket.create_connection(at, timeout=_ASK_S).close()
        except OSError:
            return
        whose, instead = "this runner's container", "with `--fresh-bot` say `--workers 1`"
        if self.route.stack == "host":
            whose, instead = "the engine's machine", "leave out `--bot-network`"
        raise EngineError(
            f"port {port} is already taken in the network of {whose}, in which the bot is to be.",
            fix="end the program that listens there; or have the bot listen on another port, and\n"
            f"give that as `--bot-port`; or {instead}.",
        )

    def address(self, container_attrs: Mapping[str, Any], port: int) -> tuple[str, int]:
        """Host and port at which a bot is to be called.

        Args:
            container_attrs: `attrs` of its container, loaded again after the start.
            port: Where it listens in its container.

        Returns:
            For a bot that has ended already, a port at which nobody answers: how it ended is
            what is to be told, not that it has no address.

        Raises:
            EngineError: The engine gave it no address.
        """
        address = self.route.address(container_attrs, port)
        if address is None and not container_attrs["State"]["Running"]:
            return HERE, 0
        if address is None:
            raise EngineError(
                f"the container engine gave the bot no address for its port {port}.",
                fix="name a network in which containers have addresses with `--bot-network`.",
            )
        return address

    def way_back(self) -> WayBack | None:
        """How a bot here reaches us; None if it does not, as far as we know. Blocks.

        Raises:
            EngineError: The engine does not answer.
        """
        return find_way_back(self._engine, self.surroundings, self.route)

    def end_with_us(self, pid: int) -> None:
        """Have a process group killed if we are: one that creates containers, like Compose."""
        if self._guard is not None:
            self._guard.end_with_us(pid)

    def tidy_up(self) -> None:
        """Remove everything of this run. May be called twice, and in a signal handler."""
        guard = self._guard
        certain = guard is None or guard.call_off_reaper()
        try:
            with self._engine.spare() as client:
                if self._stay is not None:
                    self._stay.leave(client)
                problems = remove_all(client, self.run_id, within_s=_TIDY_S)
        except ENGINE_TROUBLE as error:
            problems = [str(error)]
        for problem in problems:
            log.warning("something of run %s may be left: %s", self.run_id, problem)
        if guard is not None:
            if certain and not problems and not self._arriving:
                guard.dismiss()
            else:
                guard.take_over()

    def _move_in(self) -> None:
        home = self.surroundings.home
        leave = []
        if self.route.join:
            network = self.route.network
            leave.append(network.id if network is not None else private_name(self.run_id))
        reaper = labels(self.run_id, Role.REAPER, self._runner)
        self._guard = Guard.start(self._engine, home, self.run_id, reaper, leave)
        if self.route.private:
            self._make_private()
        if self.route.join and self.route.network is not None and self._stay is not None:
            self._stay.join(self._engine.client, self.route.network)

    def _make_private(self) -> None:
        """A network for us and the bots, or else our own network stack for all of us."""
        home = self.surroundings.home
        assert home is not None, "only a container needs a private network"
        try:
            network = create_private(self._engine.client, self.run_id, self.labels(Role.NETWORK))
        except EngineError as error:
            log.warning("the bot shares this container's network instead of its own: %s", error)
            self.route = beside(home)
        else:
            self.route = self.route.within(network)


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
