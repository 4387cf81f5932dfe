"""Interrupting the bot, and not being interrupted: METRICS 3.3 and 3.4.

The hard part is `stop`: a natural voice pauses 400 to 900 ms inside a reply, so silence alone
is no yielding. It takes a `clear` that removed audio, a queue that ran dry and stayed so, or
a silence longer than any pause within a turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipecat_voice_test.measurement.channels import (
    Hearing,
    Span,
    Utterance,
    common_ms,
    overlap_ms,
)
from pipecat_voice_test.timeline import SAMPLES_PER_MS, PlaybackCleared, Timeline

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
# A bot that speaks again this soon after the caller has not answered him: no detector and no
# model is that fast, so what looked like yielding was a pause of its own.
SOONEST_ANSWER_MS = 250.0
LONGEST_PAUSE_MS = 1000.0

DISTRACTED_MS = 1000.0
RESUMES_BY_MS = 1200.0


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
        recovery_ms: From the end of the interruption to the answer.
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
    recovery_ms: float | None = None


def barge_in(
    said: Utterance,
    hearing: Hearing,
    timeline: Timeline,
    *,
    until_ms: float,
    turn_gap_ms: float,
) -> BargeIn:
    """Measure one interruption; `until_ms` is the onset of the caller's next utterance."""
    onset_ms = said.onset_ms
    invalid = _why_invalid(onset_ms, hearing)
    if invalid:
        return BargeIn(invalid=invalid)
    window_end_ms = min(onset_ms + WINDOW_MS, until_ms)
    clears = [clear for clear in timeline.of(PlaybackCleared) if onset_ms < clear.at_ms <= until_ms]
    silent_ms = _yielded_at(said, hearing, clears, timeline, until_ms, turn_gap_ms)
    stop_ms = None
    if silent_ms is not None and silent_ms <= window_end_ms:
        stop_ms = max(0.0, silent_ms - onset_ms)
    talked_until_ms = window_end_ms if stop_ms is None else onset_ms + stop_ms
    answering = next((clear for clear in clears if clear.discarded_ms > 0), None)
    first_clear = answering or next(iter(clears), None)
    stale_ms, early = (None, 0)
    recovery_ms = None
    if stop_ms is not None:
        stale_ms, early = _stale(said, hearing, timeline, answering, onset_ms + stop_ms)
        answer = hearing.first_burst(said.end_ms, until_ms)
        if answer is not None and hearing.burst_at(said.end_ms) is None:
            recovery_ms = answer.start_ms - said.end_ms
    return BargeIn(
        gated=said.voice_ms >= NEEDED_VOICE_MS,
        stop_ms=stop_ms,
        no_yield=_no_yield(stop_ms, timeline, onset_ms, until_ms),
        talk_over_ms=common_ms(
            [Span(onset_ms, talked_until_ms)], _both(said.spans, hearing.stretches)
        ),
        clear_seen_ms=None if first_clear is None else first_clear.at_ms - onset_ms,
        cleared_ms=sum(clear.discarded_ms for clear in clears),
        stale_audio_ms=stale_ms,
        early_answers=early,
        recovery_ms=recovery_ms,
    )


def _no_yield(
    stop_ms: float | None, timeline: Timeline, onset_ms: float, until_ms: float
) -> int | None:
    if stop_ms is not None:
        return 0
    cut_off = timeline.ended_at_ms < min(onset_ms + WINDOW_MS, until_ms)
    return None if cut_off else 1


def _why_invalid(onset_ms: float, hearing: Hearing) -> str:
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
    timeline: Timeline,
    until_ms: float,
    turn_gap_ms: float,
) -> float | None:
    """The last speech sample before the first silence that is a yielding; METRICS `stop`."""
    for index, burst in enumerate(hearing.bursts):
        silent_ms = burst.end_ms
        if silent_ms < said.onset_ms - LOUD_BEFORE_MS:
            continue
        following = hearing.bursts[index + 1] if index + 1 < len(hearing.bursts) else None
        resumes_ms = timeline.ended_at_ms if following is None else following.start_ms
        if resumes_ms <= said.onset_ms:
            continue
        if silent_ms > until_ms:
            return None
        if resumes_ms - silent_ms < SILENCE_MS:
            continue
        removed = any(
            clear.discarded_ms > 0 and clear.at_ms <= silent_ms + CLEAR_GRACE_MS for clear in clears
        )
        if (
            removed
            or resumes_ms - silent_ms >= turn_gap_ms
            or _ran_dry(said, hearing, silent_ms, resumes_ms)
        ):
            return silent_ms
    return None


def _ran_dry(said: Utterance, hearing: Hearing, silent_ms: float, resumes_ms: float) -> bool:
    """Whether the bot stopped sending, and did not merely take a breath."""
    dry = any(
        span.start_ms <= silent_ms + DRY_BY_MS
        and span.end_ms > silent_ms
        and span.end_ms - max(span.start_ms, silent_ms) >= DRY_MS
        for span in hearing.dry
    )
    if not dry:
        return False
    # Speech can only follow while the caller speaks; afterwards it may be an answer.
    follows_ms = 0.0
    if said.end_ms > silent_ms:
        follows_ms = overlap_ms(Span(silent_ms, said.end_ms), hearing.stretches)
    paused = resumes_ms - silent_ms < LONGEST_PAUSE_MS
    too_soon = paused and resumes_ms < said.end_ms + SOONEST_ANSWER_MS
    return follows_ms < RESUMED_MS and not too_soon


def _stale(
    said: Utterance,
    hearing: Hearing,
    timeline: Timeline,
    clear: PlaybackCleared | None,
    silent_ms: float,
) -> tuple[float, int]:
    """Old speech after the bot had yielded, and bursts that are an answer come early."""
    since_ms = silent_ms if clear is None else clear.at_ms
    pause = next((p for p in said.pauses(INNER_PAUSE_MS) if p.end_ms > since_ms), None)
    until_ms = said.end_ms
    if pause is not None:
        until_ms = min(until_ms, max(pause.start_ms, since_ms) + INNER_PAUSE_MS)
    window = Span(since_ms, max(since_ms, until_ms))
    late_media = [
        Span(piece.first_sample / SAMPLES_PER_MS, piece.end_sample / SAMPLES_PER_MS)
        for piece in timeline.heard
        if piece.arrived_ms > since_ms and piece.first_sample < window.end_ms * SAMPLES_PER_MS
    ]
    stale_ms = common_ms([window], _both(late_media, hearing.stretches))
    early = sum(until_ms < burst.start_ms < said.end_ms for burst in hearing.bursts)
    return stale_ms, early


def _both(ones: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Where both are going on."""
    shared = (
        Span(max(one.start_ms, other.start_ms), min(one.end_ms, other.end_ms))
        for one in ones
        for other in others
        if one.start_ms < other.end_ms and other.start_ms < one.end_ms
    )
    return sorted(shared)


@dataclass(frozen=True, slots=True)
class Distraction:
    """How the bot bore a sound that should not take the floor.

    Attributes:
        inconclusive: Why it cannot be judged, or empty.
        false_yield: 1 if the bot lost the floor, None if inconclusive.
        yielded_ms: From the sound's onset to the bot's silence, if it yielded.
    """

    inconclusive: str = ""
    false_yield: int | None = None
    yielded_ms: float | None = None


def distraction(
    said: Utterance, hearing: Hearing, timeline: Timeline, *, until_ms: float
) -> Distraction:
    """Measure METRICS `false_yield`; `until_ms` is the onset of the next utterance."""
    onset_ms = said.onset_ms
    invalid = _why_invalid(onset_ms, hearing)
    if invalid:
        return Distraction(inconclusive=invalid)
    window = Span(onset_ms, onset_ms + DISTRACTED_MS)
    cleared = any(
        clear.discarded_ms > 0 and window.start_ms < clear.at_ms <= window.end_ms
        for clear in timeline.of(PlaybackCleared)
    )
    for index, burst in enumerate(hearing.bursts):
        if not onset_ms - LOUD_BEFORE_MS <= burst.end_ms <= window.end_ms:
            continue
        following = hearing.bursts[index + 1] if index + 1 < len(hearing.bursts) else None
        resumes_ms = until_ms if following is None else following.start_ms
        silence_ms = resumes_ms - burst.end_ms
        if silence_ms < SILENCE_MS or resumes_ms <= onset_ms:
            continue
        yielded_ms = max(0.0, burst.end_ms - onset_ms)
        if cleared:
            return Distraction(false_yield=1, yielded_ms=yielded_ms)
        if silence_ms >= RESUMES_BY_MS:
            if resumes_ms >= until_ms:
                return Distraction(
                    inconclusive="the bot's turn ended by itself; use an answer of at least 10 s"
                )
            return Distraction(false_yield=1, yielded_ms=yielded_ms)
    return Distraction(false_yield=0)
