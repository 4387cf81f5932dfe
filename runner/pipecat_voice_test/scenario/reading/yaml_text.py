"""From the bytes of a file to PyYAML's nodes, and what to say when that fails.

YAML 1.1 as PyYAML reads it, but with plain-decimal integers only, as Pipecat reads its eval
files: `dtmf: 012` keeps its digits. Source: https://yaml.org/spec/1.1/
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import yaml

from pipecat_voice_test.scenario.reading.mistakes import Mistaken, Place

MAX_DEPTH = 50
TOO_DEEP = f"lists and blocks are nested more than {MAX_DEPTH} deep"
CORE = "tag:yaml.org,2002:"

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class _Loader(yaml.SafeLoader):
    """Composes nodes, no deeper than it is safe to recurse."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        # A value may stand one deeper than the innermost list or block that holds it.
        if self.depth > MAX_DEPTH + 1:
            mark = self.get_mark()
            raise yaml.composer.ComposerError(None, None, TOO_DEEP, mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


# PyYAML would read 012 as ten and 1:30 as ninety; Pipecat's evals keep such digits as text.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != f"{CORE}int"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    f"{CORE}int", re.compile(r"^[-+]?(?:0|[1-9][0-9_]*)$"), list("-+0123456789")
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the lines of a file begin; `include_line` is set for an included file."""

    shown: Path
    line_starts: list[int]
    include_line: int | None = None

    def place(self, index: int) -> Place:
        line = bisect_right(self.line_starts, index)
        return Place(self.include_line or line, line, self.shown)


@dataclass(frozen=True, slots=True)
class Composed:
    """A file as PyYAML sees it.

    Attributes:
        text: All of it, without a byte order mark.
    """

    source: Source
    root: yaml.Node | None
    text: str


def compose(data: bytes, shown: Path, include_line: int | None) -> Composed:
    """The nodes of one file, its includes and aliases not yet resolved.

    Raises:
        Mistaken: It is not such YAML.
    """
    text = _decode(data, shown, include_line)
    starts = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]
    source = Source(shown, starts, include_line)
    try:
        return Composed(source, yaml.compose(text, _Loader), text)
    except yaml.reader.ReaderError as error:
        raise Mistaken(
            source.place(error.position),
            f"character U+{ord(text[error.position]):04X} may not stand in a YAML file",
            "remove it; a text in double quotes may hold it as an escape",
        ) from None
    except yaml.MarkedYAMLError as error:
        _refuse_syntax(error, text, source)


def _decode(data: bytes, shown: Path, include_line: int | None) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        guess = " (it looks like UTF-16)" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise Mistaken(
            Place(include_line or line, line, shown),
            f"byte 0x{data[error.start]:02X} is not UTF-8{guess}",
            "save the file as UTF-8",
        ) from None


def _refuse_syntax(error: yaml.MarkedYAMLError, text: str, source: Source) -> NoReturn:
    mark = error.problem_mark or error.context_mark
    place = source.place(mark.index if mark else 0)
    problem = str(error.problem or error.context)
    if "occurrence" in problem or "another document" in problem:
        problem = str(error.context)  # The half of PyYAML's sentence that says what is wrong.
    if problem == TOO_DEEP:
        raise Mistaken(place, problem, "nest less") from None
    line = text[source.line_starts[place.line - 1] :].partition("\n")[0]
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or r"'\t'" in problem:
        raise Mistaken(
            place, "there is a tab where YAML allows only spaces", "indent with spaces"
        ) from None
    opened = _never_closed(error)
    if opened and error.context_mark:
        place = source.place(error.context_mark.index)
        raise Mistaken(place, f"not YAML: {opened} opened here is not closed", "close it") from None
    raise Mistaken(place, f"not YAML: {problem}", _syntax_fix(problem, error)) from None


def _never_closed(error: yaml.MarkedYAMLError) -> str:
    """What was opened, if the file ends inside it; PyYAML points at the end of the file."""
    if "stream" not in str(error.problem):
        return ""
    return "a quote" if "quoted" in str(error.context) else "a bracket"


def _syntax_fix(problem: str, error: yaml.MarkedYAMLError) -> str:
    if "single document" in problem:
        return "remove the `---`; a file of several scenarios holds them under `scenarios:`"
    if "cannot start any token" in problem or "alias" in f"{problem} {error.context}":
        return "quote the text"
    if "mapping values are not allowed" in problem:
        return "quote a text that holds `: `, or check the indentation"
    return "check the indentation, the quotes and the brackets up to this line"
