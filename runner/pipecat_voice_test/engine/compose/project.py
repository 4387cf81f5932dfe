"""The containers of one Compose project, as the engine sees them."""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipecat_voice_test.engine.cleaning.ownership import COMPOSE_PROJECT, ENGINE_TROUBLE
from pipecat_voice_test.engine.client import Engine, engine_errors
from pipecat_voice_test.engine.compose.model import COMPLETED, HEALTHY, ComposeModel
from pipecat_voice_test.engine.container import how_it_ended
from pipecat_voice_test.engine.plain import last_lines
from pipecat_voice_test.errors import BotError, EngineError

_SERVICE = "com.docker.compose.service"
_EVIDENCE_LINES = 50
_AGAIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Ailing:
    """A service that keeps the bot from running.

    Attributes:
        trouble: Such as "exited with code 1".
        evidence: The last it printed, and what its health check did.
    """

    service: str
    trouble: str
    evidence: str

    def error(self, bot: str) -> BotError:
        """As it is told to people; `bot` is what they call the bot."""
        return BotError(
            f"`{self.service}`, which {bot} needs, {self.trouble}.",
            fix=f"mend that service first: `docker compose up {self.service}` must stay up.",
            evidence=self.evidence,
        )


class Project:
    """What runs under one project's name."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self._engine = engine

    def container_of(self, service: str) -> str:
        """The id of a service's container, running or not.

        Raises:
            EngineError: There is none.
        """
        with engine_errors("list containers"):
            for one in self._containers(self._engine.client.api):
                if one["Labels"].get(_SERVICE) == service:
                    return str(one["Id"])
        raise EngineError(
            f"Compose made no container of the service `{service}`.",
            fix="`docker compose up` must start it: does its file ask for none (`scale: 0`)?",
        )

    def ailing(self, model: ComposeModel, needed: Sequence[str]) -> Ailing | None:
        """The first service that has failed; the bot, which is the first of `needed`, aside.

        Raises what docker-py raises.
        """
        api = self._engine.client.api
        for one in reversed(self._containers(api)):
            service = one["Labels"].get(_SERVICE, "")
            if service in needed[1:]:
                attrs = api.inspect_container(one["Id"])
                trouble = self._trouble(attrs, service, model, list(needed))
                if trouble:
                    return Ailing(service, trouble, self._evidence(api, attrs))
        return None

    def awaited(self, model: ComposeModel, needed: Sequence[str]) -> Ailing | None:
        """The first service that keeps the others waiting; raises what docker-py raises."""
        api = self._engine.client.api
        for one in reversed(self._containers(api)):
            service = one["Labels"].get(_SERVICE, "")
            if one["State"] != "running" or service not in needed[1:]:
                continue
            attrs = api.inspect_container(one["Id"])
            healthy = attrs["State"].get("Health", {}).get("Status") == "healthy"
            if model.is_awaited(service, HEALTHY, list(needed)) and not healthy:
                return Ailing(service, "did not become healthy", self._evidence(api, attrs))
            if model.is_awaited(service, COMPLETED, list(needed)):
                return Ailing(service, "did not complete", self._evidence(api, attrs))
        return None

    def remove(self, *, quiet_s: float = 0.0) -> None:
        """Remove its containers, networks and volumes, as far as the engine lets us.

        Args:
            quiet_s: For how long nothing more may have appeared: somebody was just creating.
        """
        with contextlib.suppress(*ENGINE_TROUBLE), self._engine.spare() as client:
            quiet_since = time.monotonic()
            for _ in range(100):
                if self._remove_once(client.api):
                    quiet_since = time.monotonic()
                elif time.monotonic() - quiet_since >= quiet_s:
                    return
                time.sleep(_AGAIN_S)

    def _remove_once(self, api: Any) -> bool:
        """Whether there was anything."""
        mine = {"label": f"{COMPOSE_PROJECT}={self.name}"}
        containers = [one["Id"] for one in self._containers(api)]
        networks = [one["Id"] for one in api.networks(filters=mine)]
        volumes = [one["Name"] for one in api.volumes(filters=mine)["Volumes"] or ()]
        _each(lambda one: api.remove_container(one, v=True, force=True), containers)
        _each(api.remove_network, networks)
        _each(lambda one: api.remove_volume(one, force=True), volumes)
        return bool(containers or networks or volumes)

    def _containers(self, api: Any) -> list[dict[str, Any]]:
        """Newest first."""
        mine = {"label": f"{COMPOSE_PROJECT}={self.name}"}
        return list(api.containers(all=True, filters=mine))

    @staticmethod
    def _trouble(
        attrs: Mapping[str, Any], service: str, model: ComposeModel, needed: list[str]
    ) -> str:
        state = attrs["State"]
        if state["Status"] in ("exited", "dead"):
            if state.get("ExitCode") or state.get("OOMKilled"):
                return how_it_ended(attrs)
            if model.is_awaited(service, HEALTHY, needed):
                return how_it_ended(attrs)
        unhealthy = state.get("Health", {}).get("Status") == "unhealthy"
        if unhealthy and model.is_awaited(service, HEALTHY, needed):
            return "is unhealthy"
        return ""

    @staticmethod
    def _evidence(api: Any, attrs: Mapping[str, Any]) -> str:
        printed = b""
        with contextlib.suppress(*ENGINE_TROUBLE):
            printed = api.logs(attrs["Id"], tail=_EVIDENCE_LINES)
        lines = last_lines(printed.decode("utf-8", "replace"), _EVIDENCE_LINES)
        told = ["Last lines it logged:", *(f"  {line}" for line in lines)] if lines else []
        checks = attrs["State"].get("Health", {}).get("Log") or ()
        if checks:
            said = last_lines(str(checks[-1].get("Output") or ""), _EVIDENCE_LINES)
            told.append(f"Its health check ended with code {checks[-1].get('ExitCode')}:")
            told += [f"  {line}" for line in said or ["(it printed nothing)"]]
        return "\n".join(told or ["It logged nothing."])


def _each(remove: Callable[[str], Any], things: Sequence[str]) -> None:
    """Side by side: the engine takes 0.2 s to kill a container."""

    def attempt(thing: str) -> None:
        with contextlib.suppress(*ENGINE_TROUBLE):  # Somebody else is at it; the next look tells.
            remove(thing)

    # A pool has locks, and a signal handler may come while it holds one: so plain threads.
    threads = [threading.Thread(target=attempt, args=(one,), daemon=True) for one in things]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
