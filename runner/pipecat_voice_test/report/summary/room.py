"""Room for a summary: whole pieces of it, as many as fit, and word of what is left out."""

from collections.abc import Iterable

from pipecat_voice_test.report.files import RESULTS


def fitted(pieces: Iterable[str], most_bytes: int) -> str:
    """Join pieces of Markdown, each a whole: no table row, fence or fold is ever cut.

    A piece that does not fit is left out, and smaller ones after it may still find room.
    """
    room_bytes = most_bytes - len(_note(10**9).encode())
    kept: list[str] = []
    left_out = 0
    for piece in pieces:
        size_bytes = len(piece.encode()) + 1
        if size_bytes > room_bytes:
            left_out += 1
            continue
        room_bytes -= size_bytes
        kept.append(f"{piece}\n")
    return "".join(kept) + (_note(left_out) if left_out else "")


def _note(left_out: int) -> str:
    return f"\n… and {left_out} more; there was no room for them, the whole is in {RESULTS}\n"
