"""The map of ARCHITECTURE.md: who may import whom, and who may touch what.

A room is a folder of the package. Above the rooms stand the modules that bring them together.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pipecat_voice_test
import pytest

PACKAGE = Path(pipecat_voice_test.__file__).parent
PAGE = Path(__file__).parents[1] / "ARCHITECTURE.md"
NAME = "pipecat_voice_test"

FOUNDATION = {"errors", "ending", "timeline", "audio"}
ROOMS = {
    "errors": set[str](),
    "ending": set[str](),
    "timeline": {"ending"},
    "audio": set[str](),
    "demo": set[str](),  # A bot like any other: it must not agree with us by construction.
    "protocol": FOUNDATION,
    "scenario": FOUNDATION,
    "voice": FOUNDATION,
    "engine": {"errors"},
    "bot": FOUNDATION | {"engine"},
    "call": FOUNDATION | {"protocol"},
    "web": {"errors"},
    "doors": FOUNDATION | {"call", "protocol", "web"},
    "call_api": FOUNDATION | {"protocol", "web"},
    "measurement": FOUNDATION | {"scenario"},
    "report": FOUNDATION | {"measurement", "scenario"},
    "github": FOUNDATION | {"measurement", "report"},
    "setup": FOUNDATION,
    "checkup": FOUNDATION | {"call", "engine", "measurement", "protocol", "voice"},
}
# In the order in which they build on each other: none looks up.
ABOVE = {
    "bots": {"bot", "call_api"},
    "one_call": FOUNDATION | {"call", "call_api", "doors", "measurement", "protocol", "scenario"},
    "prepare": FOUNDATION | {"measurement", "one_call", "scenario", "voice"},
    "control": FOUNDATION | {"call", "doors", "measurement", "one_call", "scenario"},
    "clerk": set[str](),
    "undisturbed": set[str](),
    "outcome": {"errors", "timeline", "measurement", "scenario"},
    "run": set(ROOMS) - {"demo", "github", "setup", "checkup"}
    | {"bots", "clerk", "control", "one_call", "outcome", "prepare", "undisturbed"},
    "library": FOUNDATION
    | {"bot", "call", "doors", "measurement", "one_call", "outcome", "prepare", "protocol"}
    | {"report", "scenario", "undisturbed", "voice"},
    "adapters": {"errors", "library"},
    "asked": FOUNDATION
    | {
        "bot",
        "bots",
        "call_api",
        "demo",
        "doors",
        "engine",
        "protocol",
        "report",
        "scenario",
    },
    "shown": FOUNDATION | {"asked", "bot", "measurement", "one_call", "report", "scenario"},
    "command": set(ROOMS) | {"asked", "bots", "control", "run", "shown", "undisturbed"},
    "cli": {"asked", "command", "shown", "demo", "errors", "report", "scenario", "undisturbed"},
    "__main__": {"cli"},
}
ARROWS = ROOMS | ABOVE

PURE = [
    "errors", "ending", "timeline", "audio", "protocol", "scenario", "measurement", "report",
    "github", "setup",
]  # fmt: skip
# The only modules of pure rooms that touch the disk, and nothing else either.
DISK = {
    "scenario/load.py", "report/disk.py", "report/shelf.py", "report/write.py", "setup/disk.py",
}  # fmt: skip
# Who may ask for what is on disk; everybody else is given it.
DISK_USERS = {"run", "asked", "library", "shown", "command"}
DISK_MODULES = {"fileinput", "glob", "mmap", "os", "shutil", "stat", "tempfile"}
OUTSIDE_MODULES = {
    "_thread", "asyncio", "concurrent", "contextvars", "ctypes", "datetime", "docker", "fcntl",
    "getpass", "http", "locale", "logging", "multiprocessing", "platform", "queue", "random",
    "requests", "sched", "secrets", "select", "selectors", "signal", "socket", "socketserver",
    "ssl", "subprocess", "sys", "termios", "threading", "time", "urllib", "uuid", "websockets",
}  # fmt: skip
# Paths are values like any other, as long as nobody follows them.
DISK_CALLS = {
    "absolute", "chmod", "cwd", "exists", "expanduser", "glob", "hardlink_to", "home", "is_dir",
    "is_file", "is_symlink", "iterdir", "lstat", "mkdir", "open", "read_bytes", "read_text",
    "readlink", "rename", "resolve", "rglob", "rmdir", "samefile", "stat", "symlink_to", "touch",
    "unlink", "walk", "write_bytes", "write_text",
}  # fmt: skip
# What a package brings along is part of the program; and a tree of code is none of folders.
HARMLESS = {
    "audio/voice_model/weights.py": {"read_bytes"},
    "report/page/assets.py": {"read_text"},
    "report/results_json.py": {"read_text"},
    "setup/reading/code.py": {"walk"},
}
# None of these is needed to say what the options are, and each takes a tenth of a second or more.
HEAVY = {"aiortc", "asyncio", "av", "docker", "hibari", "numpy", "onnxruntime", "pydantic", "rich",
         "soundfile", "soxr", "websockets", "yaml"}  # fmt: skip

MODULE_LINES = 350
FUNCTION_LINES = 60
FOLDER_MODULES = 13

MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def owner(module: str) -> str:
    """The room, or the module above the rooms, that a file belongs to."""
    return module.split("/")[0].removesuffix(".py")


def modules_of(*owners: str) -> list[str]:
    return [module for module in MODULES if owner(module) in owners]


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text())


def imports_of(module: str) -> Iterator[str]:
    """Everything that is imported anywhere in a module, as `package.module.name`."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def our_imports_of(module: str) -> Iterator[list[str]]:
    """Imports of our own, without the package's name; its version is everybody's."""
    for name in imports_of(module):
        first, *rest = name.split(".")
        if first == NAME and rest not in ([], ["__version__"]):
            yield rest


def calls_of(module: str) -> Iterator[str]:
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr
            elif isinstance(node.func, ast.Name) and node.func.id in {"open", "input", "print"}:
                yield node.func.id


def test_every_module_is_on_the_map() -> None:
    assert {owner(module) for module in MODULES} - {"__init__"} == set(ARROWS)


def test_the_page_names_everything_on_the_map() -> None:
    named = set(re.findall(r"`(\w+)(?:/|\.py)`", PAGE.read_text()))

    assert set(ARROWS) - {"__main__"} <= named
    assert {name for name in named if not (PACKAGE / name).exists()} <= {
        path.stem for path in PACKAGE.rglob("*.py")
    }


@pytest.mark.parametrize("name", ARROWS)
def test_imports_follow_the_arrows(name: str) -> None:
    used = {first for module in modules_of(name) for first, *_ in our_imports_of(module)}

    assert used - {name} <= ARROWS[name]


def test_arrows_lead_one_way() -> None:
    seen: set[str] = set()
    for name in ARROWS:
        assert ARROWS[name] <= seen | FOUNDATION, name
        seen.add(name)


@pytest.mark.parametrize("module", modules_of(*PURE))
def test_a_pure_room_has_no_socket_no_clock_and_no_disk(module: str) -> None:
    used = {name.split(".")[0] for name in imports_of(module)} & (OUTSIDE_MODULES | DISK_MODULES)
    calls = set(calls_of(module)) & (DISK_CALLS | {"input", "print"})

    if module in DISK:
        assert used <= DISK_MODULES
    else:
        assert used == set()
        assert calls - HARMLESS.get(module, set()) == set()


@pytest.mark.parametrize("module", MODULES)
def test_only_those_above_the_rooms_ask_for_what_is_on_disk(module: str) -> None:
    asked = {"/".join(rest[:2]) + ".py" for rest in our_imports_of(module)} & DISK

    assert asked == set() or owner(module) in DISK_USERS or module in DISK


@pytest.mark.parametrize("module", MODULES)
def test_a_module_can_be_held_in_the_head(module: str) -> None:
    functions = [
        node
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}

    assert len((PACKAGE / module).read_text().splitlines()) <= MODULE_LINES
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}


@pytest.mark.parametrize("folder", sorted({Path(module).parent for module in MODULES}), ids=str)
def test_a_room_can_be_held_in_the_head(folder: Path) -> None:
    assert len([m for m in MODULES if Path(m).parent == folder]) - 1 <= FOLDER_MODULES


def test_help_loads_nothing_heavy() -> None:
    code = f"import sys, {NAME}.cli; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert set(loaded.stdout.split()) & HEAVY == set()
