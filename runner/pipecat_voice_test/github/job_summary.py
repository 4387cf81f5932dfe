"""The job summary, within the room that GitHub leaves for it.

All that a step writes into its summary may have 1 MiB; past that GitHub shows nothing of it.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
(step isolation and limits)
"""

MOST_BYTES = 1024 * 1024
_NOTE = "\n… and more; there was no room left in the job summary\n"
_LEAST_BYTES = 512  # Less is not worth a heading.


def fitting(summary: str, taken_bytes: int) -> str:
    """The part of a summary that fits below what is there already, whole lines; else nothing."""
    # A blank line, for a table must not become part of the paragraph above it.
    text = f"\n\n{summary}" if taken_bytes else summary
    room_bytes = MOST_BYTES - taken_bytes
    if len(text.encode()) <= room_bytes:
        return text
    room_bytes -= len(_NOTE.encode())
    if room_bytes < _LEAST_BYTES:
        return ""
    kept = text.encode()[:room_bytes].decode(errors="ignore")
    return kept[: kept.rfind("\n") + 1] + _NOTE
