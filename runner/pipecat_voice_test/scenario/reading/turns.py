"""Turns and their expectations: what the keys mean together, and what of it can be heard."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from pipecat_voice_test.scenario.model import (
    SPOKEN,
    EventName,
    Expectation,
    Pause,
    SendAfter,
    Turn,
    TurnKind,
)
from pipecat_voice_test.scenario.reading.grammar import ExpectationKeys, TurnKeys
from pipecat_voice_test.scenario.reading.mistakes import Mistake, listed
from pipecat_voice_test.scenario.reading.nodes import Files, Items, Keys, Node, Refused
from pipecat_voice_test.scenario.reading.values import PauseKeys

# Pipecat's names for what a caller hears as one thing; DESIGN 5.
ALIASES = {
    "llm_response": EventName.RESPONSE,
    "tts_response": EventName.RESPONSE,
    "llm_started": EventName.BOT_STARTED_SPEAKING,
}

# An interruption counts from a reply's end, the caller's own events from the line itself.
ANCHORS = {
    **{name.value: name for name in EventName},
    "response": EventName.BOT_STOPPED_SPEAKING,
    "llm_response": EventName.BOT_STOPPED_SPEAKING,
    "tts_response": EventName.BOT_STOPPED_SPEAKING,
    "llm_started": EventName.BOT_STARTED_SPEAKING,
    "vad_user_started_speaking": EventName.USER_STARTED_SPEAKING,
    "vad_user_stopped_speaking": EventName.USER_STOPPED_SPEAKING,
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
_DOINGS = {
    "user": TurnKind.TURN,
    "audio": TurnKind.TURN,
    "dtmf": TurnKind.DTMF,
    "wait_ms": TurnKind.WAIT,
    "hangup": TurnKind.HANGUP,
}
_KEYPAD = frozenset("0123456789*#")


Mistakes: TypeAlias = Iterator[Mistake]


def build_turns(
    turns: list[TurnKeys], node: Node | None, files: Files
) -> tuple[tuple[Turn, ...], list[Mistake]]:
    """The turns of one scenario, and what is wrong with them.

    Args:
        turns: As the grammar read them from `node`.
        node: The list under `turns:`; None if there is none.
        files: Where recordings are looked for.
    """
    mistakes: list[Mistake] = []
    built: list[Turn] = []
    nodes = node.items if isinstance(node, Items) else ()
    for index, (keys, item) in enumerate(zip(turns, nodes, strict=True)):
        assert isinstance(item, Keys)  # The grammar has seen to it.
        kind = _kind(keys)
        mistakes += _combination(keys, item, kind)
        mistakes += _content(keys, item)
        if kind is TurnKind.HANGUP and index + 1 < len(turns):
            what = "`hangup` ends the call, but more turns follow"
            mistakes.append(Mistake(item.place_of("hangup"), what, "move it to the last turn"))
        audio, missing = _audio(keys, item, files)
        mistakes += missing
        expect = []
        for position, (wanted, where) in enumerate(_expectations(keys, item)):
            mistakes += _expectation_mistakes(wanted, where, kind)
            expect.append(_expectation(position, wanted, where.place.top_line))
        built.append(_turn(index, keys, item.place.top_line, kind, audio, tuple(expect)))
    return tuple(built), mistakes


def find_audio(node: Keys, written: str, files: Files) -> tuple[Path | None, list[Mistake]]:
    """The recording under `audio:`, or the mistake of naming one that cannot be had."""
    try:
        return files.find(written), []
    except Refused as refused:
        place = node.place_of("audio")
        return None, [Mistake(place, f"`audio` {refused.what}", refused.fix)]


def _audio(keys: TurnKeys, node: Keys, files: Files) -> tuple[Path | None, list[Mistake]]:
    return (None, []) if keys.audio is None else find_audio(node, keys.audio, files)


def _expectations(keys: TurnKeys, node: Keys) -> Iterator[tuple[ExpectationKeys, Keys]]:
    items = node.entries.get("expect")
    for wanted, item in zip(
        keys.expect, items.items if isinstance(items, Items) else (), strict=True
    ):
        assert isinstance(item, Keys)
        yield wanted, item


def _kind(keys: TurnKeys) -> TurnKind:
    kind = next(
        (kind for key, kind in _DOINGS.items() if getattr(keys, key) is not None), TurnKind.LISTEN
    )
    if kind is not TurnKind.TURN:
        return kind
    if keys.kind is not None:
        return TurnKind(keys.kind)
    after = keys.send_after
    if after and after.event and ANCHORS.get(after.event) is EventName.BOT_STARTED_SPEAKING:
        return TurnKind.BARGE_IN
    return kind


def _turn(
    index: int,
    keys: TurnKeys,
    line: int,
    kind: TurnKind,
    audio: Path | None,
    expect: tuple[Expectation, ...],
) -> Turn:
    said = [keys.user] if isinstance(keys.user, str) else keys.user or []
    parts = tuple(
        Pause(part.pause_ms) if isinstance(part, PauseKeys) else part.strip() for part in said
    )
    return Turn(
        index=index,
        line=line,
        kind=kind,
        name=keys.name or "",
        parts=() if keys.audio else parts,
        audio=audio,
        text=" ".join(part for part in parts if isinstance(part, str)) or None,
        dtmf="" if keys.dtmf is None else str(keys.dtmf),
        wait_ms=keys.wait_ms or 0,
        send_after=_send_after(keys),
        expect=expect,
        slow=keys.slow,
    )


def _send_after(keys: TurnKeys) -> SendAfter | None:
    after = keys.send_after
    if after is None:
        return None
    return SendAfter(ANCHORS.get(after.event or ""), after.delay_ms)


def _combination(keys: TurnKeys, node: Keys, kind: TurnKind) -> Mistakes:
    """Keys of one turn that do not go together."""
    doings = [key for key in _DOINGS if getattr(keys, key) is not None]
    if len(doings) > 1 and doings != ["user", "audio"]:
        what = f"a turn does one thing, but this one has {listed(doings)}"
        yield Mistake(node.place_of(doings[-1]), what, "make a turn of each")
    elif len(doings) > 1 and not isinstance(keys.user, str):
        what = "a recording has its own pauses, so `user` beside `audio` is one text"
        yield Mistake(node.place_of("user"), what, "write what the recording says as one text")
    if keys.kind is not None and kind not in SPOKEN:
        what = "`kind` is for turns in which the caller speaks"
        yield Mistake(node.place_of("kind"), what, "remove it, or give the turn `user` or `audio`")
    if kind is TurnKind.BARGE_IN and keys.send_after is None:
        what = "a `barge_in` without `send_after` would wait until the bot has finished"
        fix = "add `send_after: {event: bot_started_speaking, delay_ms: 1000}`"
        yield Mistake(node.place_of("kind"), what, fix)
    if keys.send_after is not None:
        yield from _when_sent(keys, node, kind)


def _when_sent(keys: TurnKeys, node: Keys, kind: TurnKind) -> Mistakes:
    place = node.place_of("send_after")
    if kind in {TurnKind.LISTEN, TurnKind.WAIT}:
        what = "`send_after` says when the caller begins, but in this turn the caller only listens"
        yield Mistake(place, what, "remove it, or give the turn `user`, `audio` or `dtmf`")
    after = keys.send_after
    if after and after.event is None and after.delay_ms == 0:
        what = "`send_after` needs an `event`, or a `delay_ms` above 0"
        yield Mistake(place, what, "write `send_after: {event: bot_started_speaking}`")
    if after and after.event == "call_ended":
        what = "nothing can be said or pressed after `call_ended`"
        yield Mistake(place, what, "remove the turn, or begin it after another event")


def _content(keys: TurnKeys, node: Keys) -> Mistakes:
    """Texts and keys that cannot be said or pressed."""
    if keys.user is not None:
        texts = [keys.user] if isinstance(keys.user, str) else keys.user
        spoken = [text for text in texts if isinstance(text, str)]
        if not spoken:
            what = "`user` has pauses but no text"
            yield Mistake(node.place_of("user"), what, "use `wait_ms` for a silent turn")
        elif not all(text.strip() for text in spoken):
            fix = "write what the caller says; a turn without `user` only listens"
            yield Mistake(node.place_of("user"), "`user` is empty", fix)
    unknown = [key for key in str(keys.dtmf or "") if key not in _KEYPAD]
    if unknown:
        what = f"`dtmf` has `{unknown[0]}`, which is not on a phone's keypad"
        yield Mistake(node.place_of("dtmf"), what, "use 0 to 9, * and #, without spaces")


def _expectation(index: int, keys: ExpectationKeys, line: int) -> Expectation:
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


def _expectation_mistakes(keys: ExpectationKeys, node: Keys, kind: TurnKind) -> Mistakes:
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


def _absent(keys: ExpectationKeys, node: Keys) -> Mistakes:
    name = () if keys.event == "mark" else ("name",)
    conditions = (*_ON_REPLY, *_ON_CALL, *_ON_MARKER, "check_from", *name)
    for key in _given(keys, conditions):
        what = f"`absent` means that no `{keys.event}` comes at all, so `{key}` has no meaning here"
        yield Mistake(node.place_of(key), what, "remove one of the two")


def _misplaced(keys: ExpectationKeys, node: Keys) -> Mistakes:
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


def unheard_anchor(keys: TurnKeys) -> str:
    """The event a turn begins after, if nobody on a phone line can hear it; else empty."""
    event = keys.send_after.event if keys.send_after else None
    return event if event is not None and event not in ANCHORS else ""
