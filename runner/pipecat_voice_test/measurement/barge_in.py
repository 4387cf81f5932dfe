"""Interrupting the bot: METRICS 3.3.

The hard part is `stop`: a natural voice pauses 400 to 900 ms inside a reply, so silence alone
is no yielding. It takes a `clear` that removed audio, a queue that ran dry and stayed so, or
a silence longer than any pause within a turn.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.channels import (
    Hearing,
    Span,
    Utterance,
    common,
    common_ms,
    overlap_ms,
)
from pipecat_voice_test.timeline import SAMPLES_PER_MS, PlaybackCleared

WINDOW_MS = 2000.0  # No `stop` by then counts as `no_yield`.
SILENCE_MS = 400.0
CLEAR_GRACE_MS = 100.0
DRY_MS = 300.0
DRY_BY_MS = 400.0
RESUMED_MS = 200.0
INNER_PAUSE_MS = 200.0
SPEAKING_BEFORE_MS = 500.0
LOUD_BEFORE_MS = 400.0
NEEDED_VOICE_MS = 600.0  # Stock bots do not hear a bare "stop".
LONGEST_BREATH_MS = 950.0  # Natural voices pause for 400 to 900 ms.


@dataclass(frozen=True, slots=True)
class Manners:
    """How the bot pauses by itself.

    Attributes:
        turn_gap_ms: Silences of this length end a bot turn.
        breathes_dry: Its queue runs dry also when nobody interrupts; see `breathes_dry`.
    """

    turn_gap_ms: float
    breathes_dry: bool = False


@dataclass(frozen=True, slots=True)
class BargeIn:
    """How the bot bore one interruption.

    Attributes:
        invalid: Why it cannot be judged (the bot was not speaking), or empty.
        gated: Whether its voice is long enough for the default gates.
        stop_ms: From the caller's onset to the last sample heard before the bot yielded.
        no_yield: 1 if it did not within 2000 ms; None if that cannot be told.
        clear_seen_ms: From the caller's onset to the bot's `clear`, None if it sent none.
        cleared_ms: Unheard audio that `clear` threw away.
        stale_audio_ms: Old speech heard after the bot had yielded; None if it did not.
        early_answers: Bursts after a pause of the caller, before he had finished.
        answer: What the bot said next, or None; also if it yielded only after the 2000 ms.
        recovery_ms: From the end of the interruption to the answer; None if that came early.
    """

    invalid: str = ""
    gated: bool = True
    stop_ms: float | None = None
    no_yield: int | None = None
    talk_over_ms: float = 0.0
    clear_seen_ms: float | None = None
    cleared_ms: float = 0.0
    stale_audio_ms: float | None = None
    early_answers: int = 0
    answer: Span | None = None
    recovery_ms: float | None = None


def barge_in(said: Utterance, hearing: Hearing, *, until_ms: float, manners: Manners) -> BargeIn:
    """Measure one interruption; `until_ms` is the onset of the caller's next utterance."""
    onset_ms = said.onset_ms
    invalid = why_invalid(onset_ms, hearing)
    if invalid:
        return BargeIn(invalid=invalid)
    window_end_ms = min(onset_ms + WINDOW_MS, until_ms)
    clears = _clears(said, hearing, until_ms)
    silent_ms = _yielded_at(said, hearing, clears, until_ms, manners)
    stop_ms = None
    if silent_ms is not None and silent_ms <= window_end_ms:
        stop_ms = max(0.0, silent_ms - onset_ms)
    talked_until_ms = window_end_ms if stop_ms is None else onset_ms + stop_ms
    answering = next((clear for clear in clears if clear.discarded_ms > 0), None)
    first_clear = answering or next(iter(clears), None)
    stale_ms, early = (None, 0)
    if stop_ms is not None:
        stale_ms, early = _stale(said, hearing, answering, onset_ms + stop_ms)
    answer = None if silent_ms is None else _answer(said, hearing, silent_ms, until_ms)
    recovered = answer is not None and answer.start_ms >= said.end_ms
    return BargeIn(
        gated=said.voice_ms >= NEEDED_VOICE_MS,
        stop_ms=stop_ms,
        no_yield=_no_yield(stop_ms, hearing.ended_at_ms, onset_ms, until_ms),
        talk_over_ms=common_ms(
            [Span(onset_ms, talked_until_ms)], common(said.spans, hearing.stretches)
        ),
        clear_seen_ms=None if first_clear is None else first_clear.at_ms - onset_ms,
        cleared_ms=sum(clear.discarded_ms for clear in clears),
        stale_audio_ms=stale_ms,
        early_answers=early,
        answer=answer,
        recovery_ms=answer.start_ms - said.end_ms if answer is not None and recovered else None,
    )


def yielded_ms(
    said: Utterance, hearing: Hearing, *, until_ms: float, manners: Manners
) -> float | None:
    """When the bot fell silent for the caller, however late; None if it has not.

    Whether it was speaking is not asked; `until_ms` is the onset of the caller's next utterance.
    """
    clears = _clears(said, hearing, until_ms)
    return _yielded_at(said, hearing, clears, until_ms, manners)


def _clears(said: Utterance, hearing: Hearing, until_ms: float) -> list[PlaybackCleared]:
    return [clear for clear in hearing.clears if said.onset_ms < clear.at_ms <= until_ms]


def _no_yield(
    stop_ms: float | None, ended_at_ms: float, onset_ms: float, until_ms: float
) -> int | None:
    if stop_ms is not None:
        return 0
    call_was_over = ended_at_ms <= until_ms and ended_at_ms < onset_ms + WINDOW_MS
    return None if call_was_over else 1


def _answer(said: Utterance, hearing: Hearing, silent_ms: float, until_ms: float) -> Span | None:
    """What the bot said once it had yielded; it may begin before the caller has finished."""
    going_on = hearing.burst_at(said.end_ms)
    if going_on is not None and going_on.start_ms > silent_ms:
        return going_on
    return hearing.first_burst(max(said.end_ms, silent_ms), until_ms)


def why_invalid(onset_ms: float, hearing: Hearing) -> str:
    """Why this is no interruption: the bot has to be heard speaking when it comes."""
    turn = next((t for t in reversed(hearing.turns) if t.start_ms <= onset_ms), None)
    if turn is None:
        return "the bot had not spoken yet when the caller came in"
    if onset_ms - turn.start_ms < SPEAKING_BEFORE_MS:
        return (
            f"the bot had spoken for only {onset_ms - turn.start_ms:.0f} ms when the caller "
            f"came in, {SPEAKING_BEFORE_MS:.0f} are needed"
        )
    last_loud_ms = max(
        (min(s.end_ms, onset_ms) for s in hearing.stretches if s.start_ms < onset_ms),
        default=0.0,
    )
    if onset_ms - last_loud_ms > LOUD_BEFORE_MS:
        return (
            f"the bot had been silent for {onset_ms - last_loud_ms:.0f} ms when the caller "
            f"came in, at most {LOUD_BEFORE_MS:.0f} is an interruption"
        )
    return ""


def _yielded_at(
    said: Utterance,
    hearing: Hearing,
    clears: Sequence[PlaybackCleared],
    until_ms: float,
    manners: Manners,
) -> float | None:
    """The last speech sample before the first silence that is a yielding; METRICS `stop`."""
    for silence in hearing.silences:
        if silence.end_ms <= said.onset_ms or silence.length_ms < SILENCE_MS:
            continue
        if silence.start_ms > until_ms:
            return None
        if _is_yielding(said, hearing, clears, silence, manners):
            return silence.start_ms
    return None


def _is_yielding(
    said: Utterance,
    hearing: Hearing,
    clears: Sequence[PlaybackCleared],
    silence: Span,
    manners: Manners,
) -> bool:
    """Whether the bot gave up the floor, and did not merely take a breath."""
    removing_ms = [clear.at_ms for clear in clears if clear.discarded_ms > 0]
    if silence.length_ms >= manners.turn_gap_ms:
        return True
    if any(at_ms <= silence.start_ms + CLEAR_GRACE_MS for at_ms in removing_ms):
        return True
    # It yielded in the middle of its own pause: what pops up after that is stale.
    if any(silence.start_ms < at_ms <= silence.end_ms - SILENCE_MS for at_ms in removing_ms):
        return True
    # Speech can only follow while the caller speaks; afterwards it may be an answer.
    if overlap_ms(Span(silence.start_ms, said.end_ms), hearing.stretches) >= RESUMED_MS:
        return False
    if any(at_ms < silence.end_ms for at_ms in removing_ms):
        return True
    dry = dry_in(silence, hearing)
    if silence.length_ms >= LONGEST_BREATH_MS:
        return dry is not None
    promptly = dry is not None and dry.start_ms <= silence.start_ms + DRY_BY_MS
    return promptly and not manners.breathes_dry


def dry_in(silence: Span, hearing: Hearing) -> Span | None:
    """The first stretch of 300 ms in a silence in which nothing was queued either."""
    first = bisect_right(hearing.dry, silence.start_ms, key=lambda dry: dry.end_ms)
    for dry in hearing.dry[first:]:
        inside = Span(max(dry.start_ms, silence.start_ms), dry.end_ms)
        if inside.start_ms >= silence.end_ms:
            return None
        if inside.length_ms >= DRY_MS:
            return inside
    return None


def breathes_dry(hearing: Hearing, said: Iterable[Utterance], turn_gap_ms: float) -> bool:
    """Whether the bot stops sending when it pauses by itself, with no caller to blame.

    For such a bot a queue that runs dry says nothing: its breath over the end of an interruption
    sounds like a yielding with a quick answer. METRICS 9.1 wants a bot that ignores the caller
    found every time, so only a `clear` or a silence too long for a breath speaks for this one.
    """
    floors = [Span(one.onset_ms, one.end_ms + turn_gap_ms) for one in said]
    return any(
        SILENCE_MS <= silence.length_ms < turn_gap_ms
        and not overlap_ms(silence, floors)
        and dry_in(silence, hearing) is not None
        for silence in hearing.silences[:-1]
    )


def _stale(
    said: Utterance, hearing: Hearing, clear: PlaybackCleared | None, silent_ms: float
) -> tuple[float, int]:
    """Old speech after the bot had yielded, and bursts that are an answer come early."""
    since_ms = silent_ms if clear is None else clear.at_ms
    pause = next((p for p in said.pauses(INNER_PAUSE_MS) if p.end_ms > since_ms), None)
    until_ms = said.end_ms
    if pause is not None:
        until_ms = min(until_ms, max(pause.start_ms, since_ms) + INNER_PAUSE_MS)
    spoken = common([Span(since_ms, max(since_ms, until_ms))], hearing.stretches)
    stale_ms = common_ms(spoken, _came_after(hearing, since_ms, until_ms))
    early = sum(until_ms < burst.start_ms < said.end_ms for burst in hearing.bursts)
    return stale_ms, early


def _came_after(hearing: Hearing, since_ms: float, until_ms: float) -> list[Span]:
    """Audio that arrived after `since_ms` and was heard, or began to be, before `until_ms`."""
    first = bisect_left(
        hearing.pieces, since_ms * SAMPLES_PER_MS, key=lambda piece: piece.first_sample
    )
    found: list[Span] = []
    for piece in hearing.pieces[first:]:
        if piece.first_sample >= until_ms * SAMPLES_PER_MS:
            break
        if piece.arrived_ms > since_ms:
            found.append(
                Span(piece.first_sample / SAMPLES_PER_MS, piece.end_sample / SAMPLES_PER_MS)
            )
    return found
