"""The job summary, within the room that GitHub leaves for it.

All that a step writes into its summary may have 1 MiB; past that GitHub shows nothing of it.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
(step isolation and limits)
"""

from collections.abc import Callable

MOST_BYTES = 1024 * 1024
_APART = "\n\n"  # A blank line, for a table must not become part of the paragraph above it.
_LEAST_BYTES = 512  # Less is not worth a heading.


def fitting(render: Callable[[int], str], taken_bytes: int) -> str:
    """A summary that fits below what is there already; empty if there is no room for one.

    Args:
        render: Gives a summary of at most so many bytes.
        taken_bytes: What is there.
    """
    apart = _APART if taken_bytes else ""
    room_bytes = MOST_BYTES - taken_bytes - len(apart)
    if room_bytes < _LEAST_BYTES:
        return ""
    return apart + render(room_bytes)
