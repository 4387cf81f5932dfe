"""Scenario files on disk: which there are, what they may reach, and what is in them.

The only module of this room that touches the disk. A scenario may come from a stranger's pull
request, so what it names must lie inside the root: the nearest folder upwards with `.git`,
else the working directory, else the file's folder.
"""

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pipecat_voice_test.errors import ScenarioError, UsageError
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.scenario.reading.build import build_scenarios
from pipecat_voice_test.scenario.reading.mistakes import (
    Mistake,
    Mistaken,
    Place,
    did_you_mean,
    listed,
    scenario_error,
)
from pipecat_voice_test.scenario.reading.nodes import (
    Items,
    Keys,
    Node,
    Refused,
    Scalar,
    plain,
)
from pipecat_voice_test.scenario.reading.wording import describe
from pipecat_voice_test.scenario.reading.yaml_reader import TreeReader, has_name

MAX_FILE_BYTES = 1024 * 1024
CONFIG_NAME = "voice-test.yaml"
_SUFFIXES = (".yaml", ".yml")


def load_paths(paths: Sequence[Path], *, cwd: Path) -> list[Scenario]:
    """The scenarios of files and folders, in the order given; folders sorted by path.

    Raises:
        UsageError: A path does not exist, or holds no scenario.
        ScenarioError: A file is wrong. The first such file is in front, the others follow.
    """
    scenarios, errors = read_all(paths, cwd=cwd)
    if errors:
        raise _together(errors)
    return scenarios


def load_text(text: str, *, cwd: Path) -> list[Scenario]:
    """The scenarios of a text that lies in no file; paths in it count from `cwd`.

    Raises:
        ScenarioError: It is wrong.
    """
    return _read(_Text(text, cwd), may_be_fragment=False) or []


def read_all(paths: Sequence[Path], *, cwd: Path) -> tuple[list[Scenario], list[ScenarioError]]:
    """The scenarios that can be read, and one error for each file that cannot.

    Raises:
        UsageError: A path does not exist, or holds no scenario.
    """
    scenarios: list[Scenario] = []
    errors: list[ScenarioError] = []
    names: dict[str, Scenario] = {}
    read: set[str] = set()
    for path in paths:
        passed_over: list[Path] = []
        files = list(_files_of(path, cwd))
        for file, is_named in files:
            real = os.path.realpath(cwd / file)
            if real in read:
                continue  # A folder and a file in it may both be given.
            try:
                found = _read_file(file, cwd, may_be_fragment=not is_named)
            except ScenarioError as error:
                errors.append(error)
                found = []
            if found is None:
                passed_over.append(file)
                continue
            read.add(real)
            for scenario in found:
                errors += _twice(scenario, names)
            scenarios += found
        if len(passed_over) == len(files):
            raise _nothing_in(path, passed_over, cwd)
    return scenarios, errors


def load_config(folder: Path, options: Collection[str]) -> dict[str, object]:
    """The settings in a scenario folder's `voice-test.yaml`; empty if there is none.

    Args:
        folder: Where scenarios lie.
        options: The long options of `run` without their dashes: the keys that are known.

    Returns:
        Option name to a text, number, yes or no, or a list of those.

    Raises:
        ScenarioError: The file is wrong.
    """
    file = folder / CONFIG_NAME
    if not file.is_file():
        return {}
    disk = _Disk(file, Path.cwd())
    reader = TreeReader(disk)
    try:
        root = reader.tree(reader.compose(disk.top), disk.top)
    except Mistaken as mistaken:
        raise scenario_error([mistaken.mistake]) from None
    if root is None:
        return {}
    mistakes = list(_config_mistakes(root, options))
    if mistakes:
        raise scenario_error(mistakes)
    values = plain(root)
    assert isinstance(values, dict)
    return values


def _config_mistakes(root: Node, options: Collection[str]) -> Iterator[Mistake]:
    if not isinstance(root, Keys):
        what = f"settings are a block of keys, not {describe(root)}"
        yield Mistake(root.place, what, "write `bot-command: CMD`")
        return
    for key, value in root.entries.items():
        place = root.place_of(key)
        if key not in options:
            otherwise = f"options of `run` are {listed(sorted(options))}"
            fix = did_you_mean(key.replace("_", "-"), options, otherwise)
            yield Mistake(place, f"unknown option `{key}`", fix)
        for one in value.items if isinstance(value, Items) else (value,):
            if not isinstance(one, Scalar) or not isinstance(one.value, str | int | float):
                what = f"`{key}` must be a text, a number or a list of them, not {describe(one)}"
                yield Mistake(one.place, what, "write the value as on the command line, quoted")


class _Disk:
    """What one scenario file may see of the disk; `yaml_nodes.Files`."""

    def __init__(self, file: Path, cwd: Path) -> None:
        given = cwd / file
        self.top = Path(os.path.realpath(given))
        self._cwd = Path(os.path.normpath(cwd))
        self._folder = given.parent
        self._root = _root_of(self._folder, cwd)
        self._top_shown = _shown(file, self._cwd)

    def find(self, written: str) -> Path:
        path = Path(os.path.realpath(self._folder / written.replace("\0", "�")))
        if not path.is_relative_to(self._root):
            raise Refused(
                f"names {path}, which lies outside of {self._root}",
                f"move it under {self._root}; a scenario may use nothing else",
            )
        kind = _kind_of(path)
        if not kind:
            raise Refused(
                f"names {path}, which does not exist",
                f"correct the path; it counts from {os.path.normpath(self._folder)}",
            )
        if kind != "file":
            raise Refused(f"names {path}, which is not a file", "name a file")
        if not os.access(path, os.R_OK):
            raise Refused(f"names {path}, which may not be read", "correct its permissions")
        return path

    def read(self, file: Path) -> bytes:
        try:
            with file.open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise Refused(f"it cannot be read: {error.strerror}", "correct the file") from None
        if len(data) > MAX_FILE_BYTES:
            raise Refused(f"{self.shown(file)} has more than {MAX_FILE_BYTES} bytes", "split it")
        return data

    def shown(self, file: Path) -> Path:
        return self._top_shown if file == self.top else _shown(file, self._cwd)


class _Text(_Disk):
    """The same for a text that stands where the file would be."""

    def __init__(self, text: str, cwd: Path) -> None:
        super().__init__(Path("<text>"), cwd)
        self._text = text

    def read(self, file: Path) -> bytes:
        if file != self.top:
            return super().read(file)
        data = self._text.encode("utf-8", "surrogatepass")
        if len(data) > MAX_FILE_BYTES:
            raise Refused(f"it has more than {MAX_FILE_BYTES} bytes", "split it")
        return data


def _root_of(folder: Path, cwd: Path) -> Path:
    real_folder, real_cwd = Path(os.path.realpath(folder)), Path(os.path.realpath(cwd))
    for above in (real_folder, *real_folder.parents):
        if (above / ".git").exists():
            return above
    return real_cwd if real_folder.is_relative_to(real_cwd) else real_folder


def _shown(file: Path, cwd: Path) -> Path:
    """As short as it can be said from the working directory."""
    full = Path(os.path.normpath(cwd / file))
    return full.relative_to(cwd) if full.is_relative_to(cwd) else file


def _kind_of(path: Path) -> str:
    """What lies there, links followed; empty if nothing does or it cannot be told."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # Too long, a loop of links, an odd character.
        return ""
    if stat.S_ISREG(mode):
        return "file"
    return "folder" if stat.S_ISDIR(mode) else "other"


def _files_of(path: Path, cwd: Path) -> Iterator[tuple[Path, bool]]:
    """Files to read, and whether each was named by itself."""
    full = cwd / path
    kind = _kind_of(full)
    if kind == "file":
        yield path, True
        return
    if kind != "folder":
        raise UsageError(
            f"{path} is not a file or folder." if kind else f"{path} does not exist.",
            fix="give scenario files or folders; `pipecat-voice-test init` writes a first one",
        )
    found: list[Path] = []
    seen: set[str] = set()
    for folder, subfolders, names in os.walk(full, onerror=_refuse_folder, followlinks=True):
        real = os.path.realpath(folder)
        again = real in seen  # Links may go in circles.
        seen.add(real)
        subfolders[:] = [name for name in subfolders if not (again or name.startswith("."))]
        found += [
            Path(folder, name)
            for name in names
            if name.lower().endswith(_SUFFIXES) and not (again or name.startswith("."))
        ]
    for file in sorted(found):
        # A link to nowhere is read too, so that it is an error and not a missing test.
        if _kind_of(file) in {"file", ""}:
            yield path / file.relative_to(full), False


def _refuse_folder(error: OSError) -> None:
    raise UsageError(
        f"{error.filename} cannot be read: {error.strerror}.", fix="correct its permissions"
    )


def _read_file(file: Path, cwd: Path, *, may_be_fragment: bool) -> list[Scenario] | None:
    """The scenarios of one file; None for a fragment found in a folder."""
    return _read(_Disk(file, cwd), may_be_fragment=may_be_fragment)


def _read(disk: _Disk, *, may_be_fragment: bool) -> list[Scenario] | None:
    shown = disk.shown(disk.top)
    reader = TreeReader(disk)
    try:
        composed = reader.compose(disk.top)
        if may_be_fragment and not has_name(composed):
            return None
        root = reader.tree(composed, disk.top)
    except Mistaken as mistaken:
        raise scenario_error([mistaken.mistake]) from None
    if may_be_fragment and not (isinstance(root, Keys) and "name" in root.entries):
        return None
    scenarios, mistakes = build_scenarios(root, shown, disk)
    if mistakes:
        raise scenario_error(mistakes)
    return [replace(scenario, source=composed.text) for scenario in scenarios]


def _twice(scenario: Scenario, names: dict[str, Scenario]) -> Iterator[ScenarioError]:
    other = names.setdefault(scenario.name, scenario)
    if other is not scenario:
        yield scenario_error(
            [
                Mistake(
                    Place(scenario.line_number, scenario.line_number, scenario.file),
                    f"a scenario called `{scenario.name}` is also in "
                    f"{other.file}:{other.line_number}",
                    "rename one of them; results are kept by name",
                )
            ]
        )


def _nothing_in(path: Path, passed_over: Sequence[Path], cwd: Path) -> UsageError:
    fix = "write a first one with `pipecat-voice-test init`, or name another folder"
    if passed_over:
        fix = "give a scenario a `name:`; YAML files without one are taken for fragments"
    fragments = "\n".join(f"{_shown(file, cwd)} has no `name:`" for file in passed_over[:20])
    return UsageError(f"{path} holds no scenario.", fix=fix, evidence=fragments)


def _together(errors: Sequence[ScenarioError]) -> ScenarioError:
    first, *others = errors
    evidence = [first.evidence] if first.evidence else []
    return ScenarioError(
        first.what,
        fix=first.fix,
        evidence="\n".join([*evidence, *(str(error) for error in others)]),
    )
