"""When the lines of bot.log were printed.

What is known is when the pieces came that the bot printed; a line has the time of the piece in
which it begins.
"""

from collections.abc import Sequence

from pipecat_voice_test.report.text import line_starts


def lines_logged(text: str, moments: Sequence[tuple[int, float]]) -> tuple[tuple[float, int], ...]:
    """Which line of bot.log came when.

    Args:
        text: What the bot printed, as it came; bot.log is its `plain_text`.
        moments: Positions in it, in order, and when that came which begins there, in
            milliseconds on the call clock. When that came which begins before the first of
            them, nobody knows.

    Returns:
        `CallResult.logged`.
    """
    logged: list[tuple[float, int]] = []
    coming = iter(moments)
    following = next(coming, None)
    for number, start in enumerate(line_starts(text), 1):
        came = None
        while following is not None and following[0] <= start:
            came, following = following, next(coming, None)
        # After the last line end there is no line.
        if came is not None and start < len(text):
            logged.append((came[1], number))
    return tuple(logged)
