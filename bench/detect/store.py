"""Where the parts lie, so that they can be called one after the other and shown together."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from bench.detect.counts import Counted
from bench.detect.page import Stored
from bench.rig import CHECKOUT
from bench.table import Row

FOLDER = CHECKOUT / "bench-results" / "detect"


def keep(part: Stored, folder: Path = FOLDER, *, some: bool = False) -> None:
    """Put one part on disk, over an older one; if it is `some` cases only, over theirs.

    Some cases of a part that is not there yet, or was called in another form, are not kept:
    they would look like all of it.
    """
    if some:
        older = kept((part.part,), folder)
        if not older or older[0].short != part.short:
            return
        part = renewed(older[0], part)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(part), indent=1)
    (folder / f"{part.part}.json").write_text(text + "\n")


def renewed(older: Stored, some: Stored) -> Stored:
    """A part in which some cases have been called again."""
    again = {one.name: one for one in some.counted}
    counted = tuple(again.get(one.name, one) for one in older.counted)
    return replace(older, date=some.date, version=some.version, counted=counted)


def kept(names: tuple[str, ...], folder: Path = FOLDER) -> list[Stored]:
    """The parts that are there, in this order."""
    return [_read(path) for name in names if (path := folder / f"{name}.json").exists()]


def _read(path: Path) -> Stored:
    entry = json.loads(path.read_text())
    counted = tuple(map(Counted.from_json, entry["counted"]))
    rows = tuple(Row(**row) for row in entry["rows"])
    return Stored(**(entry | {"counted": counted, "rows": rows}))
