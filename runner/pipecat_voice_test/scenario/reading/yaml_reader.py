"""One scenario file and everything it includes, as one tree.

`!include PATH` may stand wherever a value may, and counts from the top file's folder even when
includes are nested, as in Pipecat's eval files. Stricter than those: a key given twice, an
unknown tag, a loop and anything past the bounds below are refused, since a file may come from
a stranger's pull request. The disk is reached through `Files` only.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import yaml

from pipecat_voice_test.scenario.reading.mistakes import Mistaken, Place
from pipecat_voice_test.scenario.reading.nodes import (
    Files,
    Items,
    Keys,
    Node,
    Refused,
    Scalar,
    Unread,
    Value,
)
from pipecat_voice_test.scenario.reading.yaml_text import (
    CORE,
    MAX_DEPTH,
    TOO_DEEP,
    Composed,
    Source,
    compose,
)

MAX_FILES = 50
MAX_NODES = 20_000


class TreeReader:
    """Reads one scenario file and what it includes."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._composed: dict[Path, Composed] = {}
        self._node_count = 0

    def compose(self, file: Path) -> Composed:
        """The file's own YAML, nothing included yet.

        Raises:
            Mistaken: It is not YAML as described above.
        """
        return self._compose(file, Place(1, 1, self._files.shown(file)), included=False)

    def tree(self, composed: Composed, file: Path) -> Node | None:
        """The whole tree, with includes, aliases and merge keys resolved.

        Raises:
            Mistaken: Something in it is refused.
        """
        if composed.root is None:
            return None
        return self._expand(composed.root, composed.source, (file,), ())

    def _compose(self, file: Path, blame: Place, *, included: bool) -> Composed:
        include_line = blame.top_line if included else None
        known = self._composed.get(file)
        if known is not None:  # A big file included often is still read once.
            return replace(known, source=replace(known.source, include_line=include_line))
        if len(self._composed) == MAX_FILES:
            raise Mistaken(
                blame,
                f"a scenario may be made of at most {MAX_FILES} files",
                "include fewer files, or split the scenarios over several",
            )
        try:
            data = self._files.read(file)
        except Refused as refused:
            raise Mistaken(blame, refused.what, refused.fix) from None
        composed = compose(data, self._files.shown(file), include_line)
        self._composed[file] = composed
        return composed

    def _expand(
        self,
        raw: yaml.Node,
        source: Source,
        files: tuple[Path, ...],
        above: tuple[yaml.Node, ...],
    ) -> Node:
        place = source.place(raw.start_mark.index)
        self._guard(raw, place, above)
        if raw.tag == "!include":
            return self._include(raw, place, source, files, above)
        if isinstance(raw, yaml.ScalarNode):
            return _scalar(raw, place)
        above = (*above, raw)
        if isinstance(raw, yaml.SequenceNode) and raw.tag == f"{CORE}seq":
            return Items(
                place, tuple(self._expand(item, source, files, above) for item in raw.value)
            )
        if isinstance(raw, yaml.MappingNode) and raw.tag == f"{CORE}map":
            return self._keys(raw, place, source, files, above)
        _refuse_tag(raw.tag, place)

    def _guard(self, raw: yaml.Node, place: Place, above: tuple[yaml.Node, ...]) -> None:
        self._node_count += 1
        if self._node_count > MAX_NODES:
            raise Mistaken(
                place,
                f"the file has more than {MAX_NODES} values once its aliases are filled in",
                "split it, or use fewer aliases",
            )
        if any(raw is outer for outer in above):
            raise Mistaken(
                place,
                "this alias stands for a value that contains it",
                "write the value out where it is needed",
            )
        if len(above) >= MAX_DEPTH and not isinstance(raw, yaml.ScalarNode):
            raise Mistaken(place, TOO_DEEP, "nest less")

    def _include(
        self,
        raw: yaml.Node,
        place: Place,
        source: Source,
        files: tuple[Path, ...],
        above: tuple[yaml.Node, ...],
    ) -> Node:
        if not isinstance(raw, yaml.ScalarNode) or not raw.value:
            raise Mistaken(place, "`!include` needs the path of a file", "write `!include x.yaml`")
        try:
            file = self._files.find(raw.value)
        except Refused as refused:
            raise Mistaken(place, f"`!include` {refused.what}", refused.fix) from None
        if file in files:
            raise Mistaken(
                place,
                f"{self._files.shown(file)} includes itself",
                "remove this `!include`, or move what both files need into a third one",
            )
        composed = self._compose(file, place, included=True)
        if composed.root is None:
            return Scalar(Place(place.top_line, 1, composed.source.shown), None, "")
        return self._expand(composed.root, composed.source, (*files, file), above)

    def _keys(
        self,
        raw: yaml.MappingNode,
        place: Place,
        source: Source,
        files: tuple[Path, ...],
        above: tuple[yaml.Node, ...],
    ) -> Keys:
        own = Keys(place)
        merged: list[Keys] = []
        for key_node, value_node in raw.value:
            key_place = source.place(key_node.start_mark.index)
            key = _key(key_node, key_place)
            if key in own.places:
                raise Mistaken(
                    key_place,
                    f"key `{key}` is given twice; the first is on line {own.places[key].line}",
                    "remove one of them",
                )
            own.places[key] = key_place
            value = self._expand(value_node, source, files, above)
            if key_node.tag == f"{CORE}merge":
                merged += _to_merge(value, key_place)
            else:
                own.entries[key] = value
        for block in merged:
            for key, value in block.entries.items():
                if key not in own.entries:
                    own.entries[key] = value
                    own.places[key] = block.places[key]
        return own


def has_name(composed: Composed) -> bool:
    """Whether a file may be a scenario; one without `name:` is a fragment.

    True as well for a file whose top level is made of others (`!include`, `<<`), since only
    the whole tree can tell.
    """
    root = composed.root
    if isinstance(root, yaml.MappingNode):
        return any(
            key.value == "name" or key.tag == f"{CORE}merge"
            for key, _ in root.value
            if isinstance(key, yaml.ScalarNode)
        )
    return root is not None and root.tag == "!include"


def _key(node: yaml.Node, place: Place) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag == "!include":
        raise Mistaken(
            place,
            "a key must be a word, not a list or a block",
            "quote a text that begins with `[`, `{` or `?`",
        )
    if not node.value:
        raise Mistaken(place, "there is a `:` without a key before it", "write the key")
    return str(node.value)


def _to_merge(value: Node, place: Place) -> Iterator[Keys]:
    for block in value.items if isinstance(value, Items) else (value,):
        if not isinstance(block, Keys):
            raise Mistaken(
                place, "`<<` can only take in blocks of keys", "write `<<: *name_of_a_block`"
            )
        yield block


def _scalar(node: yaml.ScalarNode, place: Place) -> Scalar:
    written = str(node.value)
    value: Value
    match node.tag.removeprefix(CORE):
        case "str" | "value" | "merge":
            value = written
        case "null":
            value = None
        case "bool":
            value = yaml.SafeLoader.bool_values.get(written.lower(), Unread("a text"))
        case "int":
            value = _whole_number(written, place)
        case "float":
            value = _number(written)
        case "timestamp":
            value = Unread("a date")
        case _:
            _refuse_tag(node.tag, place)
    return Scalar(place, value, written)


def _whole_number(written: str, place: Place) -> Value:
    try:
        return int(written.replace("_", ""))
    except ValueError:
        # Python refuses to convert more than some thousand digits.
        raise Mistaken(
            place, f"`{written[:20]}` is not a number", "write it in plain digits, or quote it"
        ) from None


def _number(written: str) -> Value:
    try:
        return float(re.sub(r"\.(?=inf|nan)", "", written.replace("_", "").lower()))
    except ValueError:
        return written  # 1:30.5, which YAML 1.1 counts in sixties.


def _refuse_tag(tag: str, place: Place) -> NoReturn:
    short = tag.replace(CORE, "!!")
    raise Mistaken(
        place,
        f"unknown tag `{short}`",
        "only `!include` is known here; quote a text that begins with `!`",
    )
