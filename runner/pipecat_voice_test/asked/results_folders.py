"""The results folders that somebody means by naming folders.

GitHub unpacks each artifact into a folder of its own, and an artifact may hold the folder itself:
so results are looked for in the folders that were named, and down to two levels below.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.report.files import RESULTS

LEVELS = 2
_NAMES_SHOWN = 10
_GIVE = f"give folders that runs have left, each with a {RESULTS}, or a folder that holds several."


def results_folders(named: Sequence[Path]) -> list[Path]:
    """All that lie in the folders that were named, each once.

    Raises:
        UsageError: One of these is not there, or holds none.
    """
    found: dict[Path, Path] = {}
    for path in named:
        here = list(_found_in(path))
        if not here:
            raise UsageError(
                f"{path} holds no {RESULTS}, nor do the folders in it.",
                fix=f"{_GIVE}\nA job that fails must keep its results too.",
                evidence=_held(path),
            )
        for folder in here:
            found.setdefault(folder.resolve(), folder)
    return list(found.values())


def refuse_to_write_into(output: Path, folders: Sequence[Path]) -> None:
    """Let nobody lose what is to be joined.

    Raises:
        UsageError: The output folder is one of these, or lies in one.
    """
    there = output.resolve()
    for folder in folders:
        if there.is_relative_to(folder.resolve()):
            where = "is" if there == folder.resolve() else "lies in"
            raise UsageError(
                f"the output folder {output} {where} {folder}, which is to be joined.",
                fix="choose another folder with `--output-dir`, or take this one out of what is "
                "to be joined.",
            )


def are_apart(output: Path, folders: Sequence[Path]) -> bool:
    """Whether the output folder lies in none of these, and none of them in it."""
    there = output.resolve()
    others = [folder.resolve() for folder in folders]
    return not any(there.is_relative_to(one) or one.is_relative_to(there) for one in others)


def _found_in(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise UsageError(f"{path} does not exist.", fix=_GIVE)
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder.", fix=_GIVE)
    try:
        yield from _below(path, LEVELS)
    except OSError as error:
        raise UsageError(
            f"{error.filename} cannot be read: {error.strerror}.", fix="correct its permissions."
        ) from error


def _below(folder: Path, levels: int) -> Iterator[Path]:
    """A results folder holds no others that are meant, but the folders of its calls."""
    if (folder / RESULTS).is_file():
        yield folder
    elif levels:
        for inner in sorted(folder.iterdir()):
            if inner.is_dir():
                yield from _below(inner, levels - 1)


def _held(path: Path) -> str:
    names = sorted(inner.name + "/" * inner.is_dir() for inner in path.iterdir())
    if not names:
        return "It is empty."
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"It holds {', '.join(names[:_NAMES_SHOWN])}{more}."
