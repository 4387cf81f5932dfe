"""What a start command says: which program, which script, and where it will listen.

Sources: https://www.uvicorn.org/settings/, https://docs.gunicorn.org/en/stable/settings.html,
https://hypercorn.readthedocs.io/en/latest/how_to_guides/configuring.html,
https://fastapi.tiangolo.com/fastapi-cli/; Pipecat's runner as measured in 1.14.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipecat_voice_test.setup.reading.dockerfile import StartCommand, expanded, split_words

# What these listen on if they are not told.
SERVERS: Mapping[str, tuple[str, int]] = {
    "uvicorn": ("127.0.0.1", 8000),
    "gunicorn": ("127.0.0.1", 8000),
    "hypercorn": ("127.0.0.1", 8000),
    "fastapi": ("0.0.0.0", 8000),
}
EVERYWHERE = "0.0.0.0"
_BINDING = ("gunicorn", "hypercorn")
_SHELLS = ("sh", "bash", "dash", "ash")
_LOCAL = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[?::1\]?", re.IGNORECASE)
_APPLICATION = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*(?:\(\))?")
_HOST_AND_PORT = re.compile(r"(.*):([0-9]{1,5})")
_BETWEEN_COMMANDS = re.compile(r"&&|\|\||;|\n")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*")
# A shell gives these a meaning, so the words around them cannot be started without one.
_FOR_A_SHELL = re.compile(r"[|&;<>()$`*?\n~]")


@dataclass(frozen=True, slots=True)
class Start:
    """A start command, understood.

    Attributes:
        words: The words of the command that stays, without the shell around it.
        program: One of `SERVERS`, `python`, or nothing if it is something else.
        script: The Python file that is started, as it is written, such as `bot.py`.
        line: Of the file it stands in.
        arguments: What follows the entrypoint and may be given anew; None if nothing may.
        shell: The same where a shell gets it as a line.
    """

    words: tuple[str, ...]
    program: str
    script: str
    line: int
    arguments: tuple[str, ...] | None
    shell: str = ""

    def option(self, *names: str) -> str | None:
        """The value of an option as `--name value` or `--name=value`; the last one counts."""
        value = None
        for at, word in enumerate(self.words):
            if word in names and at + 1 < len(self.words):
                value = self.words[at + 1]
            elif word.startswith(tuple(f"{name}=" for name in names if name.startswith("--"))):
                value = word.partition("=")[2]
        return value

    @property
    def port(self) -> int | None:
        """The port it is told."""
        _, bound = self._bind()
        return port_of(self.option("--port") or bound or "")

    @property
    def host(self) -> str | None:
        """The address it is told."""
        host, _ = self._bind()
        return self.option("--host") or host

    def _bind(self) -> tuple[str | None, str | None]:
        bind = self.option("-b", "--bind") if self.program in _BINDING else None
        found = _HOST_AND_PORT.fullmatch(bind or "")
        return (found[1], found[2]) if found else (bind, None)

    def told(self, options: Mapping[str, str]) -> str | None:
        """Arguments for the container with which it is told these; None if that is not possible."""
        if self.arguments is None:
            return None
        if not self.shell:
            return shlex.join(_set(self.arguments, options))
        words = split_words(self.shell)
        if not (_FOR_A_SHELL.search(self.shell) or _is_for_a_shell(words[0])):
            return shlex.join(_set(words, options))
        # What is said last counts, with every program here.
        more = shlex.join(_set((), options))
        return shlex.join(["sh", "-c", f"{self.shell} {more}"])


def understood(
    entrypoint: StartCommand | None, command: StartCommand | None, variables: Mapping[str, str]
) -> Start | None:
    """What a container does first; None if it is not said."""
    if entrypoint is not None and entrypoint.shell:
        command = None  # It gets no arguments.
    last = command or entrypoint
    if last is None or not (last.words or last.shell):
        return None
    before = entrypoint.words if entrypoint is not None else ()
    after = command.words if command is not None else ()
    arguments: tuple[str, ...] | None = after
    shell = last.shell or _given_to_a_shell(after)
    words = [*before, *(_staying(shell, variables) if shell else after)]
    if (last is entrypoint and shell) or (last.shell and before):
        arguments = None
    program, script = _program(words)
    return Start(tuple(words), program, script, last.line, arguments, shell)


def is_local(host: str) -> bool:
    """Whether nobody but the container itself can reach this address."""
    return _LOCAL.fullmatch(host) is not None


def port_of(text: str) -> int | None:
    """A port number, None if it is none."""
    port = int(text) if re.fullmatch("[0-9]{1,5}", text, re.ASCII) else 0
    return port if 0 < port < 65_536 else None


def _given_to_a_shell(words: Sequence[str]) -> str:
    """What follows `sh -c`."""
    is_shell = bool(words) and words[0].rpartition("/")[2] in _SHELLS
    return next((words[2] for _ in [0] if is_shell and words[1:2] == ("-c",) and words[2:]), "")


def _staying(line: str, variables: Mapping[str, str]) -> list[str]:
    """The words of the last of several commands in a row, which is the one that stays."""
    commands = [part for part in _BETWEEN_COMMANDS.split(line) if part.strip()]
    words = split_words(expanded(commands[-1], variables)) if commands else []
    while words and _is_for_a_shell(words[0]):
        words = words[1:]
    return words


def _is_for_a_shell(first: str) -> bool:
    """Whether a command that begins so is no program's name."""
    return first == "exec" or _ASSIGNMENT.fullmatch(first) is not None


def _set(words: Sequence[str], options: Mapping[str, str]) -> list[str]:
    """The words with other values of some options, which are added where they are missing."""
    changed = list(words)
    for name, value in options.items():
        for at, word in enumerate(changed):
            if word == name and at + 1 < len(changed):
                changed[at + 1] = value
                break
            if word.startswith(f"{name}="):
                changed[at] = f"{name}={value}"
                break
        else:
            changed += [name, value]
    return changed


def _program(words: Sequence[str]) -> tuple[str, str]:
    """Which server or interpreter runs, and which file of the repository it is given."""
    for at, word in enumerate(words):
        name = word.rpartition("/")[2]
        rest = words[at + 1 :]
        if name in SERVERS:
            return name, _application(rest)
        if re.fullmatch(r"python[0-9.]*|pypy[0-9.]*", name):
            return _python(rest)
        if name.endswith(".py"):
            return "python", word
    return "", ""


def _python(rest: Sequence[str]) -> tuple[str, str]:
    for at, word in enumerate(rest):
        if word == "-m" and at + 1 < len(rest):
            module = rest[at + 1]
            if module in SERVERS:
                return module, _application(rest[at + 2 :])
            return "python", module.replace(".", "/") + ".py"
        if not word.startswith("-"):
            return "python", word if word.endswith(".py") else ""
    return "python", ""


def _application(rest: Sequence[str]) -> str:
    """The file of an application as servers are told it: `server:app`, or `server.py`."""
    for word in rest:
        if word.endswith(".py"):
            return word
        if found := _APPLICATION.fullmatch(word):
            return found[1].replace(".", "/") + ".py"
    return ""
