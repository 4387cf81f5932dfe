"""Foreign text and lengths of time, as a view shows them: on one line, plain and masked."""

from pipecat_voice_test.report.text import LINE_CHARACTERS, masked, one_line, shortened

NAME_CHARACTERS = 120


def shown(text: str, limit: int = LINE_CHARACTERS) -> str:
    """Put text that a bot or a file had a hand in on one line, without escapes or secrets."""
    # Masked before it is cut: half a secret does not look like one.
    return shortened(masked(one_line(text, 4 * limit)), limit)


def length(length_ms: float) -> str:
    """Give a length of time as people say it: `340 ms`, `2.5 s`, `95 s`."""
    if length_ms < 1000:
        return f"{length_ms:.0f} ms"
    seconds = length_ms / 1000
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds:.0f} s"


def counted(count: int, what: str) -> str:
    """`1 message`, `126 messages`."""
    return f"{count} {what}" + "s" * (count != 1)
