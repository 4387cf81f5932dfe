"""Where the parts lie, so that they can be called one after the other and shown together."""

import json
from dataclasses import asdict
from pathlib import Path

from bench.detect.counts import Counted
from bench.detect.page import Stored
from bench.rig import CHECKOUT
from bench.table import Row

FOLDER = CHECKOUT / "bench-results" / "detect"


def keep(part: Stored, folder: Path = FOLDER) -> None:
    """Put one part on disk, over an older one."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(part), indent=1)
    (folder / f"{part.part}.json").write_text(text + "\n")


def kept(names: tuple[str, ...], folder: Path = FOLDER) -> list[Stored]:
    """The parts that are there, in this order."""
    return [_read(path) for name in names if (path := folder / f"{name}.json").exists()]


def _read(path: Path) -> Stored:
    entry = json.loads(path.read_text())
    counted = tuple(map(Counted.from_json, entry["counted"]))
    rows = tuple(Row(**row) for row in entry["rows"])
    return Stored(**(entry | {"counted": counted, "rows": rows}))
