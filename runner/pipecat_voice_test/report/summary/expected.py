"""What a check expected of the bot, in words: the other half of what was heard."""

import math
from collections.abc import Mapping

from pipecat_voice_test.measurement.results import Check
from pipecat_voice_test.measurement.wording import number
from pipecat_voice_test.scenario.limits import METRICS

# What is counted, or happens or not: here a limit says less than words.
WANTED: Mapping[str, str] = {
    "a_law": "μ-law audio",
    "barge_in_ok": "every interruption to be yielded to and answered",
    "byte_swapped": "samples with their bytes in the right order",
    "cut_goodbye": "the bot to finish its last word before it hangs up",
    "cut_in": "the bot to let the caller finish",
    "double_base64": "audio encoded in base64 once",
    "ended_by": "the call to end as scripted",
    "false_response": "no answer to a sound that is not meant for the bot",
    "false_yield": "the bot to keep the floor",
    "file_header": "raw audio without the header of a file",
    "greeting_missing": "the bot to speak first",
    "hold_rate": "the bot to keep the floor",
    "linear_pcm": "μ-law audio",
    "looped": "every piece of speech once",
    "missed_turn": "an answer",
    "no_yield": "the bot to stop for a caller who interrupts",
    "protocol": "only messages that the real network takes",
    "send_after": "what the caller waits for before speaking",
    "webhook_reply": "call instructions that lead to a stream",
    "wrong_speed": "a voice at its own speed",
}


def expected_of(check: Check) -> str:
    """Say what would have passed; the words are ours, whatever the check's message quotes."""
    metric = METRICS.get(check.metric)
    # An expectation's limit is `within_ms`, also of what has no unit itself.
    unit = " ms" if check.metric.endswith("_ms") or ".expect[" in check.id else ""
    limit = ""
    if check.limit is not None and math.isfinite(check.limit):
        limit = f"{number(check.limit)}{unit}"
    if wanted := WANTED.get(check.metric):
        return f"{wanted}, for {limit}" if _is_absence(check) else wanted
    if metric is None:  # An event that was waited for, by its name.
        name = check.metric.removesuffix("_ms").replace("_", " ")
        if _is_absence(check):
            return f"no {name} for {limit}"
        return f"{name} within {limit}" if limit else name
    if not limit:
        return metric.means
    bound = "at least" if "at_least" in check.id else "at most"
    return f"{bound} {limit}: {metric.means}"


def _is_absence(check: Check) -> bool:
    """Whether it failed for something that came, rather than for something late."""
    came = check.value is not None and check.limit is not None and check.value <= check.limit
    return came and ".expect[" in check.id and "at_least" not in check.id
