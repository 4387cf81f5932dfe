"""What a Compose file says, as Compose itself understands it.

The model is what `docker compose config --format json` prints: every path is absolute, variables
are filled in, and what one service needs of another (`links:`, `network_mode: service:x`, …) is
in `depends_on`. A `$` is still written `$$`, so a value can go back into a Compose file as it is.

Source: https://docs.docker.com/reference/compose-file/
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipecat_voice_test.errors import UsageError

HEALTHY = "service_healthy"
COMPLETED = "service_completed_successfully"


@dataclass(frozen=True, slots=True)
class ComposeModel:
    """A Compose file.

    Attributes:
        file: What to call it in messages.
        services, networks, volumes, secrets, configs: As in the file, by name.
    """

    file: str
    services: Mapping[str, Mapping[str, Any]]
    networks: Mapping[str, Mapping[str, Any]]
    volumes: Mapping[str, Mapping[str, Any]]
    secrets: Mapping[str, Mapping[str, Any]]
    configs: Mapping[str, Mapping[str, Any]]

    @classmethod
    def parse(cls, file: str, text: str) -> "ComposeModel":
        """Take over what Compose printed."""
        said = json.loads(text)

        def part(name: str) -> dict[str, dict[str, Any]]:
            return {key: value or {} for key, value in (said.get(name) or {}).items()}

        parts = ("services", "networks", "volumes", "secrets", "configs")
        return cls(file, *(part(name) for name in parts))

    def bot_service(self, wanted: str | None, port: int) -> str:
        """Which service is the bot.

        Args:
            wanted: The one that was named; None to find it out.
            port: Where the bot listens.

        Raises:
            UsageError: There is no such service, or several may be it.
        """
        if wanted is not None:
            if wanted not in self.services:
                raise self._no_service(wanted)
            return wanted
        for fits in (
            list(self.services),
            [name for name, service in self.services.items() if _publishes(service, port)],
            [name for name, service in self.services.items() if service.get("build")],
        ):
            if len(fits) == 1:
                return fits[0]
        raise UsageError(
            f"{self.file} does not say which of its services is the bot: none or several of them"
            f" have port {port} or a `build:`.",
            fix=f"name it with `--bot-service`: {self._names()}.",
        )

    def needed_by(self, bot: str) -> list[str]:
        """The bot's service and all that it depends on, the bot first."""
        found = [bot]
        for name in found:
            depends_on = self.services[name].get("depends_on") or {}
            found += [one for one in depends_on if one not in found and one in self.services]
        return found

    def is_awaited(self, name: str, condition: str, needed: list[str]) -> bool:
        """Whether one of `needed` waits until the service is healthy, or has completed."""
        return any(
            (self.services[one].get("depends_on") or {}).get(name, {}).get("condition") == condition
            for one in needed
        )

    def built(self, needed: list[str]) -> Iterator[str]:
        """Those of `needed` that are built and not pulled, without those that may stay away."""
        for name in needed:
            service = self.services[name]
            if service.get("build") and (name == needed[0] or not service.get("profiles")):
                yield name

    def _no_service(self, wanted: str) -> UsageError:
        if not self.services:
            return UsageError(f"{self.file} has no services.", fix="name another file.")
        near = difflib.get_close_matches(wanted, self.services, n=1)
        fix = f"did you mean `{near[0]}`? " if near else "name one of its own: "
        fix += f"There are {self._names()}." if near else f"{self._names()}."
        return UsageError(f"{self.file} has no service `{wanted}`.", fix=fix)

    def _names(self) -> str:
        return ", ".join(f"`{name}`" for name in self.services)


def _publishes(service: Mapping[str, Any], port: int) -> bool:
    published = {one.get("target") for one in service.get("ports") or ()}
    exposed = {str(one).partition("/")[0] for one in service.get("expose") or ()}
    return port in published or str(port) in exposed
