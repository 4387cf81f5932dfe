"""What the bot printed, for the step's log: bounded, harmless, and folded away.

GitHub keeps a log of any size but shows only so much of it. The end is the part that says why a
bot died; everything is in the files beside the recordings.
"""

from collections.abc import Iterator

from pipecat_voice_test.github.commands import group
from pipecat_voice_test.measurement.results import RunResult
from pipecat_voice_test.report.text import masked, one_line, plain_text, shortened

LOG_CHARACTERS = 1024 * 1024
LINE_CHARACTERS = 2_000


def log_group(run: RunResult, bot_log: str, token: str) -> list[str]:
    """Lines to print, none if the bot printed nothing.

    Args:
        run: Has the logs of calls for which a bot of their own was started.
        bot_log: What the one bot of all calls printed.
        token: A new one that the bot cannot guess.
    """
    log = bot_log or "\n".join(_of_each_call(run))
    if not log.strip():
        return []
    title = f"Bot log of {masked(one_line(run.bot.name))}"
    return list(group(title, _lines(log), token))


def _of_each_call(run: RunResult) -> Iterator[str]:
    for scenario in run.scenarios:
        for call in scenario.calls:
            if call.bot_log.strip():
                yield f"--- {one_line(scenario.scenario.name)} #{call.number}"
                yield call.bot_log.rstrip("\n")


def _lines(log: str) -> Iterator[str]:
    end = log[-LOG_CHARACTERS:]
    if len(end) < len(log):
        yield f"[{len(log) - len(end)} characters before this are not shown]"
        end = end.partition("\n")[2] or end
    for line in masked(plain_text(end)).rstrip("\n").split("\n"):
        yield shortened(line, LINE_CHARACTERS)
