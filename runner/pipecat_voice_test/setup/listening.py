"""Where the bot will listen: its port, its address and the path of its media WebSocket."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipecat_voice_test.setup.containers import PIPECAT_BASE
from pipecat_voice_test.setup.launch import Launch
from pipecat_voice_test.setup.reading.start import EVERYWHERE, SERVERS, is_local, port_of
from pipecat_voice_test.setup.repository import Advice, Seen

DEFAULT_PORT = 7860
DEFAULT_PATH = "/ws"
DEFAULT_HOST = "localhost"
PIPECATS_DEFAULT = "Pipecat's default"
_CLOUD_PORT = 8080
# Parameters of a route, such as /ws/{token}.
_PARAMETER = "{"
_PHONE_WORDS = ("twilio", "media", "stream", "phone", "call", "ws")
_TELEPHONY = ("twilio", "telnyx", "plivo", "exotel")


@dataclass(frozen=True, slots=True)
class Listening:
    """Where it will listen.

    Attributes:
        arguments: What the container is to be started with instead, so that it can be reached.
    """

    port: Seen[int]
    path: Seen[str]
    arguments: Seen[str] | None
    advice: tuple[Advice, ...]


def find_listening(launch: Launch) -> Listening:
    """What the start command, the image and the code say; then Pipecat's defaults."""
    port = next(_ports(launch))
    advice = [*_port_advice(launch, port)]
    changes, because = _changes(launch)
    arguments = None
    if changes and launch.start is not None:
        told = launch.start.told(changes) if launch.way == "build" else None
        where = f"{launch.file}:{launch.start.line}"
        arguments = None if told is None else Seen(told, because)
        asked = " ".join(f"{name} {value}" for name, value in changes.items())
        fix = f"say `{asked}` in {where}"
        fix += "; until then `bot-args` in voice-test.yaml says it." if told else "."
        advice.append(Advice(f"{where}: {because}.", fix))
    elif (host := _host(launch)) is not None and is_local(host.value) and _is_boxed(launch):
        what = f"{host.where}: the bot listens on {host.value}, which nobody outside of its"
        fix = f'say `host="{EVERYWHERE}"` there.'
        advice.append(Advice(f"{what} container can reach.", fix))
    return Listening(port, _path(launch), arguments, tuple(advice))


def _is_boxed(launch: Launch) -> bool:
    return launch.way in ("build", "compose")


# --- port -----------------------------------------------------------------------------------


def _ports(launch: Launch) -> Iterator[Seen[int]]:
    """What each source says, the surest first; the default comes last and always."""
    start, container = launch.start, launch.container
    if start is not None and start.port is not None:
        yield Seen(start.port, f"{launch.file}:{start.line}")
    if launch.has_pipecats_server or _reads_port(launch):
        yield from _port_variable(launch)
    if launch.has_pipecats_server:
        yield Seen(_CLOUD_PORT, f"the default of {PIPECAT_BASE}")
    if start is not None and start.program in SERVERS:
        yield Seen(SERVERS[start.program][1], f"{start.program}'s default")
    if launch.code is not None:
        yield from _served(launch, launch.script)
        if launch.code.is_runner:
            yield Seen(DEFAULT_PORT, PIPECATS_DEFAULT)
    if container is not None:
        exposed = sorted(container.stage.ports, key=lambda found: found[0] != DEFAULT_PORT)
        yield from (Seen(port, f"{container.path}:{line}") for port, line in exposed)
    if launch.service is not None:
        where = launch.compose_file
        yield from (Seen(port, f"{where}:{line}") for port, line in launch.service.ports)
    for path in launch.codes:
        yield from _served(launch, path)
    yield Seen(DEFAULT_PORT, PIPECATS_DEFAULT)


def _reads_port(launch: Launch) -> bool:
    codes = [launch.code] if launch.code is not None else list(launch.codes.values())
    return any(variable.name == "PORT" for code in codes for variable in code.variables)


def _port_variable(launch: Launch) -> Iterator[Seen[int]]:
    port = port_of(launch.variables.get("PORT", ""))
    if port is None:
        return
    given = launch.service is not None and "PORT" in launch.service.environment
    known = launch.container.stage.env.get("PORT") if launch.container and not given else None
    yield Seen(port, known.where if known else f"PORT in {launch.compose_file}")


def _served(launch: Launch, path: str) -> Iterator[Seen[int]]:
    for serving in launch.codes[path].servings:
        if serving.port is not None:
            yield Seen(serving.port, f"{path}:{serving.line}")


def _port_advice(launch: Launch, port: Seen[int]) -> Iterator[Advice]:
    """EXPOSE is what people read, so it should not say something else."""
    container = launch.container
    ports = dict(container.stage.ports) if container else {}
    if container is None or not ports or port.value in ports:
        return
    exposed, line = container.stage.ports[0]
    yield Advice(
        f"{container.path}:{line} exposes port {exposed}, but the bot listens on"
        f" {port.value} ({port.where}).",
        f"correct one of the two; voice-test.yaml says `bot-port: {port.value}`.",
    )


# --- address --------------------------------------------------------------------------------


def _host(launch: Launch) -> Seen[str] | None:
    """The address it listens on; None if that is not known."""
    start = launch.start
    if start is not None:
        where = f"{launch.file}:{start.line}"
        if start.host is not None:
            return Seen(start.host, where)
        if start.program in SERVERS:
            return Seen(SERVERS[start.program][0], where)
    code = launch.code
    if code is not None and code.servings:
        serving = code.servings[0]
        where = f"{launch.script}:{serving.line}"
        return None if serving.host is None else Seen(serving.host, where)
    if code is not None and code.is_runner:
        return Seen(DEFAULT_HOST, launch.script)
    return None


def _changes(launch: Launch) -> tuple[dict[str, str], str]:
    """Options without which the bot cannot be phoned in its container, and why."""
    start, code, host = launch.start, launch.code, _host(launch)
    if start is None or not _is_boxed(launch):
        return {}, ""
    changes: dict[str, str] = {}
    reasons: list[str] = []
    runner = code is not None and code.is_runner and not code.servings
    transport = start.option("-t", "--transport") if runner else None
    if transport is not None and transport not in _TELEPHONY:
        changes["-t" if "-t" in start.words else "--transport"] = "twilio"
        reasons.append(f"the bot is started for {transport}, where no phone call gets through")
    takes_host = runner or start.program in SERVERS
    if host is not None and is_local(host.value) and (takes_host or start.host is not None):
        bind = next((name for name in ("-b", "--bind") if start.option(name)), "")
        port = start.port or DEFAULT_PORT
        changes |= {bind: f"{EVERYWHERE}:{port}"} if bind else _host_option(start.program, port)
        reasons.append(
            f"the bot listens on {host.value}, which nobody outside of its container can reach"
        )
    return changes, " and ".join(reasons)


def _host_option(program: str, port: int) -> dict[str, str]:
    if program in ("gunicorn", "hypercorn"):
        return {"--bind": f"{EVERYWHERE}:{SERVERS[program][1]}"}
    return {"--host": EVERYWHERE}


# --- path -----------------------------------------------------------------------------------


def _path(launch: Launch) -> Seen[str]:
    """The route that looks most like the one that phone calls take."""
    found = [
        Seen(path, f"{file}:{line}")
        for file, code in launch.codes.items()
        for path, line in code.sockets
        if _PARAMETER not in path
    ]
    own = [seen for seen in found if seen.where.startswith(f"{launch.script}:")]
    runs_itself = launch.code is not None and launch.code.is_runner and not own
    if launch.has_pipecats_server or runs_itself or not found:
        return Seen(DEFAULT_PATH, PIPECATS_DEFAULT)
    return min(own or found, key=lambda seen: _unlikeness(seen.value))


def _unlikeness(path: str) -> int:
    words = [at for at, word in enumerate(_PHONE_WORDS) if word in path.lower()]
    return min(words, default=len(_PHONE_WORDS))
