"""What a Compose file says about the services beside and including the bot.

Source: https://docs.docker.com/reference/compose-file/
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from pipecat_voice_test.setup.reading.dockerfile import StartCommand, split_words
from pipecat_voice_test.setup.reading.start import port_of
from pipecat_voice_test.setup.repository import joined

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_PUBLISHED = re.compile(r"(?:.*:)?([0-9]{1,5})(?:/tcp)?")
_INNER_DEFAULT = re.compile(r"\$\{[A-Za-z_]\w*:?-([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    Attributes:
        line: Where it begins.
        context: The folder it is built from, seen from the repository; None if it is not built.
        dockerfile: Seen from the repository, if it is built.
        ports: Ports of the container that are published or exposed, each with its line.
        environment: What it is given; None for a variable that is passed on.
        env_files: Files it cannot be started without.
        needs: Other services of the file that it depends on or speaks of.
    """

    name: str
    line: int
    image: str
    context: str | None
    dockerfile: str
    entrypoint: StartCommand | None
    command: StartCommand | None
    ports: tuple[tuple[int, int], ...]
    environment: Mapping[str, str | None]
    env_files: tuple[str, ...]
    needs: tuple[str, ...]


def read_compose(text: str, folder: str) -> list[Service] | None:
    """The services of a Compose file that lies in `folder`; None if it cannot be read."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        services = _get(root, "services")
        if not isinstance(services, yaml.MappingNode):
            return []
        names = [str(key.value) for key, _ in services.value]
        return [_service(str(key.value), key, node, folder, names) for key, node in services.value]
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _service(
    name: str, key: yaml.Node, node: yaml.Node, folder: str, names: Sequence[str]
) -> Service:
    environment = dict(_environment(_get(node, "environment")))
    context, dockerfile = _build(_get(node, "build"), folder)
    needs = [*_names(_get(node, "depends_on")), *_names(_get(node, "links"))]
    for value in environment.values():
        words = set(re.findall(r"[A-Za-z0-9_.-]+", value or ""))
        needs += [other for other in names if other != name and other in words]
    ports = [*_ports(_get(node, "ports")), *_ports(_get(node, "expose"))]
    return Service(
        name,
        key.start_mark.line + 1,
        _text(_get(node, "image")),
        context,
        dockerfile,
        _command(_get(node, "entrypoint")),
        _command(_get(node, "command")),
        tuple(ports),
        environment,
        tuple(joined(folder, path) for path in _env_files(_get(node, "env_file"))),
        tuple(dict.fromkeys(other for other in needs if other in names)),
    )


def _get(node: yaml.Node | None, key: str, seen: set[int] | None = None) -> yaml.Node | None:
    """The value of a key, also one that is merged in with `<<`."""
    seen = set() if seen is None else seen
    if not isinstance(node, yaml.MappingNode) or id(node) in seen:
        return None
    seen.add(id(node))  # What is merged in may be merged from the same block again and again.
    merged: list[yaml.Node] = []
    for name, value in node.value:
        if name.value == key:
            return value  # type: ignore[no-any-return]  # PyYAML's stubs have no types here.
        if name.value == "<<":
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
    found = (_get(other, key, seen) for other in merged)
    return next((value for value in found if value is not None), None)


def _text(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _items(node: yaml.Node | None) -> Sequence[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return [node] if isinstance(node, yaml.ScalarNode) else []


def _names(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        yield from (_text(key) for key, _ in node.value)
    yield from (_text(item).partition(":")[0] for item in _items(node))


def _environment(node: yaml.Node | None) -> Iterator[tuple[str, str | None]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            is_empty = isinstance(value, yaml.ScalarNode) and value.tag.endswith(":null")
            yield _text(key), None if is_empty else _text(value)
    for item in _items(node):
        name, equals, value_text = _text(item).partition("=")
        yield name, value_text if equals else None


def _build(node: yaml.Node | None, folder: str) -> tuple[str | None, str]:
    if node is None:
        return None, ""
    written = _text(node) or _text(_get(node, "context")) or "."
    if "://" in written or written.startswith("git@"):
        return None, ""
    context = joined(folder, written)
    return context, joined(context, _text(_get(node, "dockerfile")) or "Dockerfile")


def _command(node: yaml.Node | None) -> StartCommand | None:
    if node is None:
        return None
    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return StartCommand(tuple(_text(item) for item in node.value), line)
    # Compose splits a line into words itself and calls no shell.
    return StartCommand(tuple(split_words(_text(node))), line)


def _ports(node: yaml.Node | None) -> Iterator[tuple[int, int]]:
    for item in _items(node):
        written = _text(item) or _text(_get(item, "target"))
        found = _PUBLISHED.fullmatch(_INNER_DEFAULT.sub(r"\1", written))
        port = port_of(found[1]) if found else None
        if port is not None:
            yield port, item.start_mark.line + 1


def _env_files(node: yaml.Node | None) -> Iterator[str]:
    for item in _items(node):
        optional = _text(_get(item, "required")).lower() in ("false", "no", "off")
        if not optional and (path := _text(item) or _text(_get(item, "path"))):
            yield path
