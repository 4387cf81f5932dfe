"""The services of one bot, from the images to the end.

Compose brings them up, for it knows what waits for what. It makes the bot's container in a first
step and starts it in a second, so that somebody can be there to hear its first word.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from pipecat_voice_test.engine.cleaning.ownership import ENGINE_TROUBLE, compose_project
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.compose.command import Ended
from pipecat_voice_test.engine.compose.file import EVIDENCE_LINES, ComposeFile
from pipecat_voice_test.engine.compose.host_paths import HostPaths
from pipecat_voice_test.engine.compose.override import Wishes, override
from pipecat_voice_test.engine.compose.project import Ailing, Project
from pipecat_voice_test.engine.container import brings_an_init
from pipecat_voice_test.engine.places.lodging import Lodging
from pipecat_voice_test.engine.plain import Seldom, last_lines
from pipecat_voice_test.errors import BotError, EngineError

_ADVICE = (
    (
        r"port is already allocated|address already in use",
        "another program or run has that port of the engine's machine. Services reach each other\n"
        "without `ports:`; take it out, or let the engine choose: `- 5432`, not `- 5432:5432`.",
    ),
    (
        r"Pool overlaps|invalid pool request",
        "another network or run has that subnet; take `ipam:` out of the file.",
    ),
)
_QUIET_S = 1.0  # What Compose had asked of the engine when it was killed may take as long.


class Stack:
    """A Compose project of ours.

    Attributes:
        bot_began_s: When the bot's container was started, by `time.monotonic()`.
    """

    def __init__(
        self,
        file: ComposeFile,
        engine: Engine,
        lodging: Lodging,
        *,
        number: int,
        port: int,
        env: Mapping[str, str],
        tell: Callable[[str], None],
    ) -> None:
        """Make ready; nothing is created yet.

        Args:
            file: What to bring up.
            engine: Where.
            lodging: How the bot is reached there.
            number: Tells the bots of one run apart.
            port: Where the bot listens in its container.
            env: Laid over the environment of the bot.
            tell: Given a line of progress every few seconds.

        Raises:
            EngineError: There is no Compose here, or the bot cannot be reached.
            UsageError: The file cannot be used.
        """
        model = file.read()
        own = compose_project(lodging.run_id)
        project = own if number == 1 else f"{own}-{number}"
        wishes = Wishes(
            needed=file.needed,
            project=project,
            image_prefix=own,
            port=port,
            env=env,
            options=lodging.create_options(port),
            labels=lodging.labels,
        )
        self._file = file
        self._engine = engine
        self._lodging = lodging
        self._model = model
        self._wishes = wishes
        self._added = override(model, wishes, file.folder, HostPaths.of(lodging.surroundings))
        self._compose = file.compose()
        self._project = Project(engine, project)
        self._tell = tell
        self._say = Seldom(tell)
        self._quiet_s = 0.0
        self.bot_began_s = 0.0

    def create(self) -> str:
        """Have all images, and make all containers. Blocks for as long as that takes.

        Returns:
            The id of the bot's container.

        Raises:
            ImageError: An image cannot be pulled or built.
            EngineError: The engine will not have it so.
        """
        self._file.prepare_images(
            self._engine, self._tell, lambda names: self._run("build", *names)
        )
        self._wishes = replace(self._wishes, init=self._wants_init())
        self._added = self._override()
        ended = self._run("up", "--no-start", "--quiet-pull", *self._only_the_bot())
        if ended.code:
            raise self._refused("create the services", ended)
        return self._project.container_of(self._wishes.bot)

    def start(self, within_s: float) -> None:
        """Start them in their order. Blocks until the bot's container is started.

        Raises:
            BotError: Something that the bot needs ended, or was not healthy within `within_s`.
            EngineError: The engine would not start something.
        """
        self._tell(f"starting {', '.join(reversed(self._wishes.needed))}")
        self.bot_began_s = time.monotonic()
        ended = self._run("up", "--detach", *self._only_the_bot(), within_s=within_s)
        if not ended.code:
            return
        if ailing := self.ailing():
            raise ailing.error(self._file.name)
        if ended.late:
            raise self._late(within_s)
        raise self._refused("start the services", ended)

    def ailing(self) -> Ailing | None:
        """A service that has failed the bot, if any."""
        with suppress(*ENGINE_TROUBLE):
            return self._project.ailing(self._model, self._wishes.needed)
        return None

    def give_up(self) -> None:
        """Bring up nothing more. May be called in a signal handler."""
        if self._compose.give_up():
            self._quiet_s = _QUIET_S

    def remove(self) -> None:
        """Give up, and remove all of it. May be called in a signal handler."""
        self.give_up()
        self._project.remove(quiet_s=self._quiet_s)

    def _override(self) -> str:
        host_paths = HostPaths.of(self._lodging.surroundings)
        return override(self._model, self._wishes, self._file.folder, host_paths)

    def _wants_init(self) -> bool:
        """Unless the file says, or the bot comes with one that must be the first process."""
        service = self._model.services[self._wishes.bot]
        if "init" in service or service.get("entrypoint"):
            return bool(service.get("init", True))
        image = str(service.get("image") or "").replace("$$", "$")
        return not brings_an_init(self._engine, image or self._wishes.image_of(self._wishes.bot))

    def _only_the_bot(self) -> Sequence[str]:
        """And so what it depends on."""
        return ("--no-recreate", "--scale", f"{self._wishes.bot}=1", self._wishes.bot)

    def _run(self, *words: str, within_s: float | None = None) -> Ended:
        return self._compose.run(
            [*self._file.words(self._wishes.project), *words],
            self._added,
            tell=self._heard,
            guard=self._lodging.end_with_us,
            within_s=within_s,
        )

    def _heard(self, line: str) -> None:
        name = re.escape(f"{self._wishes.project}-{self._wishes.bot}-1")
        if re.search(rf"Container {name}\s+Starting", line):
            self.bot_began_s = time.monotonic()
        words = line.split()
        if words and not line.startswith("time="):  # Those are warnings about the file.
            self._say(f"compose: {' '.join(words)}")

    def _late(self, within_s: float) -> BotError:
        slow = None
        with suppress(*ENGINE_TROUBLE):
            slow = self._project.awaited(self._model, self._wishes.needed)
        if slow is None:
            return BotError(
                f"what {self._file.name} needs was not up within {within_s * 1000:.0f} ms.",
                fix="raise `--start-timeout`, or see what `docker compose up` waits for.",
            )
        return BotError(
            f"`{slow.service}`, which {self._file.name} needs, {slow.trouble} within"
            f" {within_s * 1000:.0f} ms.",
            fix="raise `--start-timeout`, or mend that service or its health check.",
            evidence=slow.evidence,
        )

    def _refused(self, doing: str, ended: Ended) -> EngineError:
        """What Compose and the engine had to say when something else went wrong."""
        fix = "its own words say why."
        for pattern, advice in _ADVICE:
            if re.search(pattern, ended.printed):
                fix = advice
        return EngineError(
            f"Compose could not {doing} of {self._file.shown}.",
            fix=fix,
            evidence="\n".join(last_lines(ended.printed, EVIDENCE_LINES)),
        )
