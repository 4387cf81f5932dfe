"""What a bot's Python files say about how it listens and what it needs to be told.

The files are parsed, never imported or run. What cannot be parsed, for example code for
another version of Python, says nothing.
"""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipecat_voice_test.setup.reading.start import port_of

_RUNNER = "pipecat.runner.run"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH = re.compile(r"/[\w./{}:-]*")
_SERVING = ("uvicorn.run", "uvicorn.Config", "web.run_app")
_ROUTING = ("websocket", "websocket_route", "add_api_websocket_route", "WebSocketRoute")


@dataclass(frozen=True, slots=True)
class Serving:
    """A call such as `uvicorn.run(app, host=…, port=…)`; what is not plain there is None."""

    host: str | None
    port: int | None
    line: int


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that the code reads; `must` if it cannot go on without."""

    name: str
    line: int
    has_default: bool
    must: bool


@dataclass(frozen=True, slots=True)
class Code:
    """What one file says.

    Attributes:
        uses_pipecat: It imports Pipecat.
        is_runner: It hands over to Pipecat's development runner.
        is_phone: It speaks of Twilio.
        servings: Where it begins to listen by itself.
        sockets: Paths of its WebSocket routes, each with its line.
        variables: What it reads from the environment.
    """

    uses_pipecat: bool
    is_runner: bool
    is_phone: bool
    servings: tuple[Serving, ...]
    sockets: tuple[tuple[str, int], ...]
    variables: tuple[Variable, ...]


def read_code(text: str) -> Code | None:
    """What a Python file says; None if it cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # It is not ours to mend.
            tree = ast.parse(text)
        return _code(tree, text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _code(tree: ast.Module, text: str) -> Code:
    nodes = list(ast.walk(tree))
    imported = set(_imported(nodes))
    values = _Values(tree, nodes)
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return Code(
        uses_pipecat=any(name.partition(".")[0] == "pipecat" for name in imported),
        is_runner=any(name == _RUNNER or name.startswith(f"{_RUNNER}.") for name in imported),
        is_phone="twilio" in text.lower(),
        servings=tuple(_servings(calls, values)),
        sockets=tuple(_sockets(calls)),
        variables=tuple(_variables(nodes)),
    )


def _imported(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


class _Values:
    """What an expression is before the program has run: constants, and what they default to."""

    def __init__(self, tree: ast.Module, nodes: Sequence[ast.AST]) -> None:
        self._constants: dict[str, ast.expr] = {}
        self._options: dict[str, ast.expr] = {}
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                self._constants[statement.targets[0].id] = statement.value
        for node in nodes:
            if isinstance(node, ast.Call) and _called(node).endswith("add_argument"):
                self._learn_option(node)

    def _learn_option(self, call: ast.Call) -> None:
        default = next((word.value for word in call.keywords if word.arg == "default"), None)
        for name in map(_constant, call.args):
            if isinstance(name, str) and name.startswith("--") and default is not None:
                self._options[name[2:].replace("-", "_")] = default

    def of(self, node: ast.expr | None, depth: int = 0) -> object:
        """A text or number, None if it is not plain to see."""
        if node is None or depth > 8:
            return None
        if isinstance(node, ast.Name):
            return self.of(self._constants.get(node.id), depth + 1)
        if isinstance(node, ast.Attribute):
            return self.of(self._options.get(node.attr), depth + 1)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            return self.of(node.values[-1], depth + 1)
        if isinstance(node, ast.Call):
            if _called(node) in ("int", "str") and node.args:
                return self.of(node.args[0], depth + 1)
            if _reads_variable(node):
                default = node.args[1] if len(node.args) > 1 else _keyword(node, "default")
                return self.of(default, depth + 1)
        return _constant(node)


def _constant(node: ast.AST | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == name), None)


def _called(call: ast.Call) -> str:
    """The dotted name of what is called."""
    parts: list[str] = []
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _servings(calls: Sequence[ast.Call], values: _Values) -> Iterator[Serving]:
    for call in calls:
        name = _called(call)
        if name not in _SERVING:
            continue
        host, port = values.of(_keyword(call, "host")), values.of(_keyword(call, "port"))
        if name.startswith("uvicorn.") and _keyword(call, "host") is None:
            host = "127.0.0.1"
        if name.startswith("uvicorn.") and _keyword(call, "port") is None:
            port = 8000
        yield Serving(
            host if isinstance(host, str) else None,
            port_of(str(port)) if isinstance(port, int | str) else None,
            call.lineno,
        )


def _sockets(calls: Sequence[ast.Call]) -> Iterator[tuple[str, int]]:
    for call in calls:
        routing = _called(call).rpartition(".")[2] in _ROUTING
        path = _constant(call.args[0]) if call.args else _constant(_keyword(call, "path"))
        if routing and isinstance(path, str) and _PATH.fullmatch(path):
            yield path, call.lineno


def _reads_variable(call: ast.Call) -> bool:
    return _called(call) in ("os.getenv", "getenv", "os.environ.get", "environ.get")


def _variables(nodes: Sequence[ast.AST]) -> Iterator[Variable]:
    either = [
        node for node in nodes if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or)
    ]
    replaced = {id(value) for node in either for value in node.values[:-1]}
    for node in nodes:
        name, has_default, must = None, id(node) in replaced, False
        if isinstance(node, ast.Call) and _reads_variable(node) and node.args:
            name = _constant(node.args[0])
            has_default |= len(node.args) > 1 or _keyword(node, "default") is not None
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            inner = node.value
            if isinstance(inner, ast.Attribute) and inner.attr == "environ":
                name, must = _constant(node.slice), True
        if isinstance(name, str) and _NAME.fullmatch(name):
            assert isinstance(node, ast.expr)
            yield Variable(name, node.lineno, has_default, must)
