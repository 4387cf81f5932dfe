"""The bot's log, line by line, with the moments at which lines were printed."""

from collections.abc import Iterator, Sequence

from pipecat_voice_test.measurement.results import CallResult
from pipecat_voice_test.report.text import LINE_CHARACTERS, masked, plain_text, shortened
from pipecat_voice_test.report.view.model import Evidence, LogLine
from pipecat_voice_test.report.view.words import counted

# Of a log that is longer, so many lines from its beginning and from its end.
FIRST_LINES, LAST_LINES = 500, 1500
# More than is shown of a line, so that what is masked is not half a secret.
_SEEN_CHARACTERS = 4 * LINE_CHARACTERS


def log_lines_of(call: CallResult, evidence: Evidence) -> tuple[LogLine, ...]:
    """The lines of bot.log; of the result's own copy if the file is gone."""
    text = plain_text(evidence.log or call.bot_log).rstrip("\n")
    if not text:
        return ()
    lines = text.split("\n")
    times = list(_times(call.logged, len(lines)))
    if len(lines) <= FIRST_LINES + LAST_LINES:
        return _shown(lines, times)
    left_out = len(lines) - FIRST_LINES - LAST_LINES
    note = LogLine(f"({counted(left_out, 'line')} left out)", times[FIRST_LINES])
    return (
        *_shown(lines[:FIRST_LINES], times[:FIRST_LINES]),
        note,
        *_shown(lines[-LAST_LINES:], times[-LAST_LINES:]),
    )


def _shown(lines: Sequence[str], times: Sequence[float | None]) -> tuple[LogLine, ...]:
    # As a whole, for a secret may stand on the line after its name; it hides no line end but that.
    seen = [line[:_SEEN_CHARACTERS] for line in lines]
    together = masked("\n".join(seen)).split("\n")
    if len(together) != len(lines):
        together = [masked(line) for line in seen]
    return tuple(
        LogLine(_shortened(line, len(whole)), at_ms)
        for line, whole, at_ms in zip(together, lines, times, strict=True)
    )


def _shortened(line: str, characters: int) -> str:
    if characters <= _SEEN_CHARACTERS:
        return shortened(line, LINE_CHARACTERS)
    return f"{line[:LINE_CHARACTERS]}… ({characters} characters)"


def _times(logged: Sequence[tuple[float, int]], count: int) -> Iterator[float | None]:
    """When each line was printed: by the piece that begins on it, else by the one it lies in."""
    pieces = sorted(logged, key=lambda piece: (piece[1], piece[0]))
    position, known = 0, None
    for number in range(1, count + 1):
        while position < len(pieces) and pieces[position][1] < number:
            known = pieces[position][0]
            position += 1
        begins_here = position < len(pieces) and pieces[position][1] == number
        yield pieces[position][0] if begins_here else known
