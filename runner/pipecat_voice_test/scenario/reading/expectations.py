"""Expectations: what of them can be heard, and which conditions fit which event; DESIGN 5."""

from collections.abc import Iterator

from pipecat_voice_test.scenario.model import SPOKEN, EventName, Expectation, TurnKind
from pipecat_voice_test.scenario.reading.grammar import ExpectationKeys
from pipecat_voice_test.scenario.reading.mistakes import Mistake
from pipecat_voice_test.scenario.reading.nodes import Keys

# Pipecat's names for what a caller hears as one thing; DESIGN 5.
ALIASES = {
    "llm_response": EventName.RESPONSE,
    "tts_response": EventName.RESPONSE,
    "llm_started": EventName.BOT_STARTED_SPEAKING,
}

_ALWAYS = "the caller always starts and stops speaking, so it proves nothing about the bot"
_CALLS = "what functions a bot calls cannot be heard on a phone line"
_SOUNDS = "what the bot takes for a short listening sound cannot be heard on a phone line"
UNHEARD = {
    "user_transcription": "what the bot understood cannot be heard on a phone line",
    "function_call": _CALLS,
    "function_call_stopped": _CALLS,
    "llm_marker": "markers of the language model cannot be heard on a phone line",
    "image": "a phone line carries no images",
    "bot_backchannel": _SOUNDS,
    "user_backchannel": _SOUNDS,
    "user_started_speaking": _ALWAYS,
    "user_stopped_speaking": _ALWAYS,
    "vad_user_started_speaking": _ALWAYS,
    "vad_user_stopped_speaking": _ALWAYS,
}

_ON_REPLY = (
    "text_contains",
    "text_excludes",
    "eval",
    "lasts_at_least_ms",
    "lasts_at_most_ms",
)
_ON_CALL = ("calls", "args")
_ON_MARKER = ("marker", "marker_first", "markers", "text_after")
_FUNCTIONS = ("function_call", "function_call_stopped")


def build_expectation(index: int, keys: ExpectationKeys, line: int) -> Expectation:
    skip_reason = UNHEARD.get(keys.event, "")
    event = None if skip_reason else ALIASES.get(keys.event) or EventName(keys.event)
    return Expectation(
        index=index,
        line=line,
        event=event,
        written=keys.event,
        within_ms=keys.within_ms,
        absent=bool(keys.absent),
        from_turn_start=keys.check_from == "turn_start",
        mark_name=keys.name if event is EventName.MARK else None,
        text_contains=keys.text_contains,
        text_excludes=keys.text_excludes,
        judged_by=keys.eval,
        lasts_at_least_ms=keys.lasts_at_least_ms,
        lasts_at_most_ms=keys.lasts_at_most_ms,
        skip_reason=skip_reason,
    )


def expectation_mistakes(keys: ExpectationKeys, node: Keys, kind: TurnKind) -> Iterator[Mistake]:
    place = node.place
    if kind is TurnKind.HANGUP:
        what = "nothing can be expected after the caller has hung up"
        yield Mistake(place, what, "expect it in the turn before")
    if keys.event == "bot_interrupted" and kind not in SPOKEN:
        what = "`bot_interrupted` needs a turn in which the caller speaks"
        yield Mistake(place, what, "move it to the turn that interrupts the bot")
    if keys.absent:
        yield from _absent(keys, node)
    else:
        yield from _misplaced(keys, node)
    low, high = keys.lasts_at_least_ms, keys.lasts_at_most_ms
    if low is not None and high is not None and low > high:
        what = f"no reply lasts at least {low} ms and at most {high} ms"
        yield Mistake(node.place_of("lasts_at_most_ms"), what, "swap the two")


def _absent(keys: ExpectationKeys, node: Keys) -> Iterator[Mistake]:
    name = () if keys.event == "mark" else ("name",)
    conditions = (*_ON_REPLY, *_ON_CALL, *_ON_MARKER, "check_from", *name)
    for key in _given(keys, conditions):
        what = f"`absent` means that no `{keys.event}` comes at all, so `{key}` has no meaning here"
        yield Mistake(node.place_of(key), what, "remove one of the two")


def _misplaced(keys: ExpectationKeys, node: Keys) -> Iterator[Mistake]:
    """Conditions on an event that cannot have them, which would pass unread."""
    event = keys.event
    functions = " or ".join(f"`{name}`" for name in _FUNCTIONS)
    is_reply = ALIASES.get(event, event) == EventName.RESPONSE
    rules = (
        # Events that are skipped anyway keep whatever Pipecat lets them have.
        (is_reply or event in UNHEARD, _ON_REPLY, "a `response`"),
        (event in _FUNCTIONS, _ON_CALL, f"a {functions}"),
        (event == "llm_marker", _ON_MARKER, "an `llm_marker`"),
        (event in ("mark", *_FUNCTIONS), ("name",), f"a `mark`, {functions}"),
    )
    for fits, conditions, owner in rules:
        for key in () if fits else _given(keys, conditions):
            what = f"`{key}` is a condition on {owner}, not on a `{event}`"
            yield Mistake(node.place_of(key), what, "remove it, or correct the event")


def _given(keys: ExpectationKeys, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name in keys.model_fields_set]
