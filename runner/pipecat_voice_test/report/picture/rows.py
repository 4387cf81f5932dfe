"""Things side by side in as few rows as it takes, none on another."""

from collections.abc import Iterable, Sequence

SPACE_PX = 8


class Rows:
    """Rows of one stretch of the picture, each a list of what is taken, left and right."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: list[list[tuple[int, int]]] = []

    @property
    def used(self) -> int:
        return len(self._taken)

    def place(self, left: int, right: int) -> int | None:
        """Find the first row with room from left to right and take it; None if there is none."""
        for row, taken in enumerate(self._taken):
            if all(right + SPACE_PX <= start or end + SPACE_PX <= left for start, end in taken):
                taken.append((left, right))
                return row
        if len(self._taken) >= self._most:
            return None
        self._taken.append([(left, right)])
        return len(self._taken) - 1


def rows_of(wanted: Iterable[tuple[int, int]], most: int) -> tuple[list[int | None], int]:
    """For each stretch its row, or None; and how many rows there are."""
    rows = Rows(most)
    placed = [rows.place(left, right) for left, right in wanted]
    return placed, rows.used


def within(left: int, width: int, room: tuple[int, int]) -> int:
    """Move a thing so that it lies in the room as a whole, as near to its place as can be."""
    return max(room[0], min(left, room[1] - width))


def thinned(places: Sequence[int], least_px: int) -> list[int]:
    """Leave out what is nearer than so much to the one before."""
    kept: list[int] = []
    for place in places:
        if not kept or place - kept[-1] >= least_px:
            kept.append(place)
    return kept
