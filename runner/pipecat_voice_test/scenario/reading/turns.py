"""Turns: what their keys mean together, and when each begins; DESIGN 5 "A turn"."""

from collections.abc import Iterator
from pathlib import Path

from pipecat_voice_test.scenario.model import (
    SPOKEN,
    EventName,
    Expectation,
    Pause,
    SendAfter,
    Turn,
    TurnKind,
)
from pipecat_voice_test.scenario.reading.barge_ins import never_valid
from pipecat_voice_test.scenario.reading.expectations import build_expectation, expectation_mistakes
from pipecat_voice_test.scenario.reading.grammar import ExpectationKeys, TurnKeys
from pipecat_voice_test.scenario.reading.mistakes import Mistake, listed
from pipecat_voice_test.scenario.reading.nodes import Files, Items, Keys, Node, Refused
from pipecat_voice_test.scenario.reading.values import PauseKeys

# As an anchor a reply means its end, since the caller speaks after it.
ANCHORS = {
    **{name.value: name for name in EventName},
    "response": EventName.BOT_STOPPED_SPEAKING,
    "llm_response": EventName.BOT_STOPPED_SPEAKING,
    "tts_response": EventName.BOT_STOPPED_SPEAKING,
    "llm_started": EventName.BOT_STARTED_SPEAKING,
    "vad_user_started_speaking": EventName.USER_STARTED_SPEAKING,
    "vad_user_stopped_speaking": EventName.USER_STOPPED_SPEAKING,
}

_DOINGS = {
    "user": TurnKind.TURN,
    "audio": TurnKind.TURN,
    "dtmf": TurnKind.DTMF,
    "wait_ms": TurnKind.WAIT,
    "hangup": TurnKind.HANGUP,
}
_KEYPAD = frozenset("0123456789*#")


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
            mistakes += expectation_mistakes(wanted, where, kind)
            expect.append(build_expectation(position, wanted, where.place.top_line))
        turn = _turn(index, keys, item.place.top_line, kind, audio, tuple(expect))
        if keys.send_after is not None and not unheard_anchor(keys):
            mistakes += never_valid(turn, item.place_of("send_after"))
        built.append(turn)
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


def _combination(keys: TurnKeys, node: Keys, kind: TurnKind) -> Iterator[Mistake]:
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


def _when_sent(keys: TurnKeys, node: Keys, kind: TurnKind) -> Iterator[Mistake]:
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


def _content(keys: TurnKeys, node: Keys) -> Iterator[Mistake]:
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


def unheard_anchor(keys: TurnKeys) -> str:
    """The event a turn begins after, if nobody on a phone line can hear it; else empty."""
    event = keys.send_after.event if keys.send_after else None
    return event if event is not None and event not in ANCHORS else ""
