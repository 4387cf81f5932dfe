"""The container engine: is it there, may we use it, what can it do, and what lies about on it?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import docker.errors

from pipecat_voice_test.checkup.finding import Finding, Mark, guarded, miss, note, ok
from pipecat_voice_test.engine.cleaning.leftovers import FoundRun, leftovers
from pipecat_voice_test.engine.cleaning.ownership import ENGINE_TROUBLE
from pipecat_voice_test.engine.client import Engine, words_of
from pipecat_voice_test.engine.compose.command import Compose
from pipecat_voice_test.engine.images.context import BuildContext
from pipecat_voice_test.engine.places.route import Route, choose_route
from pipecat_voice_test.engine.places.surroundings import Surroundings, look_around
from pipecat_voice_test.errors import EngineError, ExitCode, UsageError

Way = Literal["image", "build", "compose", ""]

REGISTRY_S = 15.0
_BUILDKIT_API = (1, 39)
_SHOWN = 10
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the engine is wanted for.

    Attributes:
        way: How the bot is to be started; empty if no container is asked for.
        image: Its image, if that is named.
        folder: What is to be built, if that is named.
        dockerfile: Of that folder, if not its Dockerfile.
        port: Where it is to listen.
    """

    way: Way = ""
    image: str = ""
    folder: str = ""
    dockerfile: str | None = None
    port: int = 7860

    @property
    def code(self) -> ExitCode | None:
        """What it comes to if the engine cannot be used."""
        return ExitCode.BOT_ERROR if self.way else None


def engine(environ: Mapping[str, str], wanted: Wanted) -> Iterator[Finding]:
    """Everything about the engine; one line where there is none."""
    try:
        found = Engine.connect(environ)
    except EngineError as error:
        yield miss("engine", error, wanted.code)
        return
    try:
        yield from guarded("engine", lambda: _engine(found))
        yield from guarded("place", lambda: _place(found, wanted))
        yield from guarded("build", lambda: _build(found, wanted))
        yield from guarded("Compose", lambda: _compose(environ, wanted))
        if wanted.image:
            yield from guarded("image", lambda: _image(found, wanted))
        yield from guarded("left over", lambda: _left_over(found))
    finally:
        found.close()


def _engine(found: Engine) -> Iterator[Finding]:
    version, info = found.client.version(), found.client.info()
    name = (version.get("Platform") or {}).get("Name") or "Docker"
    shown = f"{name.partition(' - ')[0]} {version.get('Version', '')}".strip()
    api = version.get("ApiVersion", "?")
    yield ok("engine", f"{shown} (API {api}) at {found.address}, {info.get('NCPU', '?')} CPUs")
    for key, option in (
        ("MemoryLimit", "--bot-memory"),
        ("CpuCfsQuota", "--bot-cpus"),
        ("PidsLimit", "--bot-pids"),
    ):
        if info.get(key) is False:
            fix = "turn on the kernel's control groups if bots are not to be trusted."
            yield note("limits", f"this engine does not enforce `{option}`", fix)


def _place(found: Engine, wanted: Wanted) -> Iterator[Finding]:
    """Where we are, and so how a bot is called."""
    around = look_around(found)
    route = choose_route(around)
    yield ok("place", f"{place_words(around)}; a bot is called {route_words(route, wanted.port)}")


def place_words(around: Surroundings) -> str:
    home = around.home
    if home is None:
        if around.engine_host:
            return f"the engine is on {around.engine_host}"
        return "on the engine's machine"
    name = (home.id or home.stack)[:12]
    shared = ", in another container's network" if home.shares_stack else ""
    shared = ", in the network of its machine" if home.on_host else shared
    return f"in a container of this engine ({name}{shared})"


def route_words(route: Route, port: int) -> str:
    if route.stack is not None:
        shared = "the network of its machine" if route.stack == "host" else "our own network"
        return f"at {route.call}:{port}, in {shared}"
    if route.publish is not None:
        return f"at {route.call} and a port that the engine picks"
    if route.private:
        return f"at its own address and port {port}, in a network made for the run"
    name = route.network.name if route.network else "default"
    return f"at its own address and port {port}, in the network `{name}`"


def _build(found: Engine, wanted: Wanted) -> Iterator[Finding]:
    if wanted.folder:
        try:
            context = BuildContext.of(Path(wanted.folder), wanted.dockerfile)
            yield ok("bot", f"{wanted.folder} is to be built with {context.dockerfile_name}")
        except UsageError as error:
            yield miss("bot", error, ExitCode.USAGE)
    version = tuple(int(part) for part in str(found.client.api.api_version).split("."))
    if version >= _BUILDKIT_API:
        yield ok("build", "with BuildKit")
    else:
        text = "the old way: this engine has no BuildKit, which `RUN --mount` needs"
        yield note("build", text, "update the engine if your Dockerfile needs it.")


def _compose(environ: Mapping[str, str], wanted: Wanted) -> Iterator[Finding]:
    try:
        yield ok("Compose", Compose.find(environ).program)
    except EngineError as error:
        if wanted.way == "compose":
            yield miss("Compose", error, wanted.code)
        else:
            yield Finding(Mark.NOTE, "Compose", error.what, error.fix, error.evidence)


# --- the bot's image ------------------------------------------------------------------------


def _image(found: Engine, wanted: Wanted) -> Iterator[Finding]:
    try:
        attrs = found.client.api.inspect_image(wanted.image)
    except docker.errors.ImageNotFound:
        yield _in_registry(found, wanted)
        return
    size_mb = (attrs.get("Size") or 0) / 1e6
    kind = f"{attrs.get('Os', '?')}/{attrs.get('Architecture', '?')}"
    yield ok("image", f"{wanted.image} is there: {kind}, {size_mb:.0f} MB")
    own = found.client.version().get("Arch", "")
    if own and attrs.get("Architecture") not in (own, None, ""):
        text = f"it is for {kind} and emulated here, which is slow"
        yield note("image", text, f"build it for linux/{own}.")
    yield from _exposed(attrs, wanted)


def _exposed(attrs: Mapping[str, Any], wanted: Wanted) -> Iterator[Finding]:
    exposed = sorted((attrs.get("Config") or {}).get("ExposedPorts") or {})
    ports = [port.removesuffix("/tcp") for port in exposed if port.endswith("/tcp")]
    if ports and str(wanted.port) not in ports:
        text = f"it exposes port {', '.join(ports)}, and the bot is called on {wanted.port}"
        yield note("image", text, f"if that is where it listens: `--bot-port {ports[0]}`.")


def _in_registry(found: Engine, wanted: Wanted) -> Finding:
    """A run pulls what is missing, if it can be had; nothing is pulled here."""
    try:
        with found.spare(REGISTRY_S) as client:
            client.images.get_registry_data(wanted.image)
    except ENGINE_TROUBLE as error:
        return Finding(
            Mark.MISS,
            "image",
            f"{wanted.image} is not there, and its registry does not have it for us",
            f"build it: `docker build -t {wanted.image} .`, correct its name, or\n"
            "`docker login` first if it is not public.",
            words_of(error),
            wanted.code,
        )
    return ok("image", f"{wanted.image} is not there; the run will pull it from its registry")


# --- what earlier runs left -----------------------------------------------------------------


def _left_over(found: Engine) -> Iterator[Finding]:
    with found.spare() as client:
        runs = leftovers(client)
    if not runs:
        yield ok("left over", "nothing of earlier runs")
    for run in runs[:_SHOWN]:
        yield note("left over", run_words(run), run.command)
    if len(runs) > _SHOWN:
        yield note("left over", f"{len(runs) - _SHOWN} more runs", "look again afterwards.")


def run_words(run: FoundRun) -> str:
    """What is left of a run; one that cannot be told to be dead may be at work elsewhere."""
    counts = (
        (run.containers, "container"), (run.networks, "network"), (run.volumes, "volume"),
    )  # fmt: skip
    things = [f"{len(found)} {noun}{'s' * (len(found) != 1)}" for found, noun in counts if found]
    age = f"{run.age_s / _HOUR_S:.1f} h old"
    doubt = "" if run.alive is False else "; it may be at work on another machine"
    return f"{', '.join(things)} of run {run.run_id}, {age}{doubt}"
