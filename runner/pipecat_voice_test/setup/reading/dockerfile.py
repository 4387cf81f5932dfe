"""What a Dockerfile says about the container that comes out of it.

Only the last stage counts, together with the stages it is made from. Nothing is built and no
image is asked, so what a foreign base image brings along is not known here.

Source: https://docs.docker.com/reference/dockerfile/
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pipecat_voice_test.setup.repository import Seen

_HEREDOC = re.compile(r"<<-?[\"']?([A-Za-z_]\w*)[\"']?")
_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*[a-zA-Z][\w-]*\s*=")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::?([-+])([^{}]*))?\}|([A-Za-z_]\w*))")
_PORT = re.compile(r"(?<!\S)([0-9]{1,5})(?:/tcp)?(?!\S)")
_MOST_LINES = 20_000


@dataclass(frozen=True, slots=True)
class StartCommand:
    """What a CMD or ENTRYPOINT starts: words, or a line that is left to a shell."""

    words: tuple[str, ...]
    line: int
    shell: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a container of this stage would be like.

    Attributes:
        base: The foreign image at the bottom.
        copied: Sources of COPY and ADD in the build folder.
    """

    base: str = ""
    env: Mapping[str, Seen[str]] = field(default_factory=dict)
    ports: tuple[tuple[int, int], ...] = ()
    entrypoint: StartCommand | None = None
    command: StartCommand | None = None
    copied: tuple[str, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        return {name: seen.value for name, seen in self.env.items()}


def read_dockerfile(text: str, path: str) -> Stage | None:
    """The last stage of a Dockerfile; None if it has none. Lines are counted from 1."""
    stages: dict[str, Stage] = {}
    arguments: dict[str, str] = {}
    stage: Stage | None = None
    name, number = "", 0
    for instruction, rest, line in _instructions(text):
        if instruction == "FROM":
            stage, name = _from(rest, stages, arguments)
            name, number = name or str(number), number + 1
        elif stage is None:
            if instruction == "ARG":
                key, _, value = rest.partition("=")
                arguments[key.strip()] = _unquoted(value)
            continue
        else:
            stage = _with(stage, instruction, rest, f"{path}:{line}", line)
        stages[name] = stage
    return stage


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """A text with `$NAME`, `${NAME}` and `${NAME:-else}` filled in; unknown ones become empty."""

    def value(found: re.Match[str]) -> str:
        known = variables.get(found[1] or found[4], "")
        if found[2] == "-":
            return known or found[3]
        return (found[3] if known else "") if found[2] == "+" else known

    return _VARIABLE.sub(value, text)


def _from(
    rest: str, stages: Mapping[str, Stage], arguments: Mapping[str, str]
) -> tuple[Stage, str]:
    words = [word for word in rest.split() if not word.startswith("--")]
    image = expanded(words[0], arguments) if words else ""
    name = words[2].lower() if len(words) > 2 and words[1].lower() == "as" else ""
    known = stages.get(image.lower())
    # What was copied into an earlier stage lies in this one too.
    return (known or Stage(base=image)), name


def _with(stage: Stage, instruction: str, rest: str, where: str, line: int) -> Stage:
    match instruction:
        case "ENV" | "ARG":
            set_here = _variables(expanded(rest, stage.variables), where)
            return replace(stage, env={**stage.env, **dict(set_here)})
        case "EXPOSE":
            found = _PORT.findall(expanded(rest, stage.variables))
            ports = tuple((int(port), line) for port in found if 0 < int(port) < 65_536)
            return replace(stage, ports=stage.ports + ports)
        case "CMD":
            return replace(stage, command=_command(rest, line))
        case "ENTRYPOINT":
            # It resets what a base image has for CMD.
            return replace(stage, entrypoint=_command(rest, line), command=None)
        case "COPY" | "ADD":
            return replace(stage, copied=stage.copied + tuple(_sources(rest)))
        case _:
            return stage


def _command(rest: str, line: int) -> StartCommand:
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return StartCommand(tuple(words), line)
    return StartCommand((), line, shell=rest)


def split_words(text: str) -> list[str]:
    """Words as a shell splits them, or at blanks where its quotes do not match."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _variables(rest: str, where: str) -> Iterator[tuple[str, Seen[str]]]:
    words = split_words(rest)
    if words and "=" not in words[0]:  # The old form: ENV NAME the rest is the value
        name, *others = rest.split(maxsplit=1)
        words = [f"{name}={others[0]}"] if others else []
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            yield name, Seen(value, where)


def _sources(rest: str) -> Iterator[str]:
    words = rest.split()
    options = [word for word in words if word.startswith("--")]
    if any(word.startswith("--from") for word in options) or _HEREDOC.search(rest):
        return
    names = words[len(options) :]
    if names and names[0].startswith("["):
        command = _command(" ".join(names), 0)
        names = list(command.words)
    yield from (name for name in names[:-1] if "://" not in name)


def _unquoted(text: str) -> str:
    words = split_words(text)
    return words[0] if words else ""


def _instructions(text: str) -> Iterator[tuple[str, str, int]]:
    """Each instruction in capitals, what follows it on one line, and the line it begins in."""
    lines = text.splitlines()[:_MOST_LINES]
    escape = _escape_of(lines)
    at = 0
    while at < len(lines):
        began = at + 1
        whole: list[str] = []
        while at < len(lines):
            line = lines[at].strip()
            at += 1
            if line.startswith("#") or not line:
                if whole:
                    continue  # Comments and empty lines do not end a continued one.
                break
            goes_on = line.endswith(escape)
            whole.append(line[:-1].strip() if goes_on else line)
            if not goes_on:
                break
        word, _, rest = " ".join(whole).partition(" ")
        if word:
            yield word.upper(), rest.strip(), began
        if word.upper() in ("RUN", "COPY", "ADD"):
            at = _after_heredocs(rest, lines, at)


def _after_heredocs(rest: str, lines: list[str], at: int) -> int:
    for end in _HEREDOC.findall(rest):
        closing = next((n for n in range(at, len(lines)) if lines[n].strip() == end), None)
        if closing is not None:  # Else it was none, such as a shift in some arithmetic.
            at = closing + 1
    return at


def _escape_of(lines: list[str]) -> str:
    """The character that continues a line, which a directive at the very top may change."""
    for line in lines:
        if found := _ESCAPE.match(line.strip()):
            return found[1]
        if not _DIRECTIVE.match(line.strip()):
            break
    return "\\"
