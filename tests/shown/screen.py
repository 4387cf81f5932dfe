"""A terminal in a few lines: what is on its screen after all that was written to it.

It is endlessly high, breaks lines at its width, and puts them together anew when that changes,
as most terminals do. It knows what our display uses and refuses everything else.
"""

import re
from dataclasses import dataclass

_PIECES = re.compile(r"\x1b\[([0-9;?]*)([a-zA-Z])|(\r)|(\n)|([^\x1b\r\n]+)")


@dataclass
class _Row:
    text: str = ""
    goes_on: bool = False  # In the next row, because the screen is too narrow.


class Screen:
    def __init__(self, width: int) -> None:
        self.width = width
        self._rows = [_Row()]
        self._row = self._column = 0

    def write(self, text: str) -> None:
        position = 0
        for found in _PIECES.finditer(text):
            assert found.start() == position, f"unknown: {text[position : found.start()]!r}"
            position = found.end()
            arguments, command, back, down, plain = found.groups()
            if command:
                self._command(command, arguments)
            elif back:
                self._column = 0
            elif down:
                self._down()
            else:
                for character in plain:
                    self._put(character)
        assert position == len(text), f"unknown: {text[position:]!r}"

    def resize(self, width: int) -> None:
        """Break all lines anew; the cursor stays at the end of the last one."""
        whole = "".join(row.text + ("" if row.goes_on else "\n") for row in self._rows)
        self.width = width
        self._rows, self._row, self._column = [_Row()], 0, 0
        self.write(whole.removesuffix("\n"))

    def lines(self) -> list[str]:
        """What is to be seen, row by row, without the empty rows at the end."""
        rows = [row.text.rstrip() for row in self._rows]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def _command(self, command: str, arguments: str) -> None:
        match command, arguments:
            case "A", number:
                self._row = max(0, self._row - int(number or 1))
            case "K", "2":
                self._rows[self._row] = _Row()
            case ("m", _) | ("h" | "l", "?25"):
                pass
            case _:
                raise AssertionError(f"unknown: CSI {arguments}{command}")

    def _put(self, character: str) -> None:
        if self._column == self.width:
            self._rows[self._row].goes_on = True
            self._down()
        row = self._rows[self._row]
        row.text = (
            row.text[: self._column].ljust(self._column)
            + character
            + (row.text[self._column + 1 :])
        )
        self._column += 1

    def _down(self) -> None:
        self._row, self._column = self._row + 1, 0
        if self._row == len(self._rows):
            self._rows.append(_Row())
