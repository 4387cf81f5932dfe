"""What `--help` says of exit codes, which are part of the interface (DESIGN 4)."""

import inspect

RUN_EXIT_CODES = """\b
Exit code:
  0  every scenario passed
  1  a scenario failed (or is flaky)
  2  interrupted; reports were written
  3  internal error
  4  usage, config or scenario file wrong; nothing was called
  5  nothing selected
  6  the bot could not be started or never listened
  7  inconclusive: nothing failed, but some call could not be judged here
Several apply: 2, 3, 1, 6, 7 in this order."""


MERGE_EXIT_CODES = """\b
Exit code: that of the run that was joined
  0  every scenario passed
  1  a scenario failed (or is flaky)
  2  a run was interrupted
  3  a run met an internal error
  4  these cannot be joined; or in one of them something was wrong, and nothing called
  5  nothing was selected
  6  the bot could not be started or never listened
  7  inconclusive: nothing failed, but some call could not be judged, or a shard is missing
Several apply: 2, 3, 1, 4, 6, 7, 5 in this order."""


def paragraphs(*texts: str) -> str:
    """Help for click, which would show our indentation."""
    return "\n\n".join(inspect.cleandoc(text) for text in texts)
