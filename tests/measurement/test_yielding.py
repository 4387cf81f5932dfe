"""Telling a yielding from a breath, over many phases of a voice that pauses naturally.

The hard part of METRICS 3.3 and 9.1: a bot that ignores the caller and pauses for 400 to
900 ms has not yielded, one that stops in the middle of such a pause has.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from pipecat_voice_test.measurement.barge_in import BargeIn
from pipecat_voice_test.scenario.model import TurnKind

from measurement.calls import Call, answer, expect, scenario, turn

SEEDS = range(6)
UTTERANCES_MS = [700, 1000, 1500, 2500, 4000]
BEGAN_MS = 500.0
DECISIONS_MS = [0, 200, 350, 500, 900]  # From the caller's onset to the bot's decision to yield.
RESPONSES_MS = [350, 500, 800, 1500, 2500]


@dataclass
class Interrupted:
    """A reply with natural pauses, and an utterance that falls into it somewhere."""

    parts_ms: list[float]
    onset_ms: float
    end_ms: float
    decides_ms: float
    answers_ms: float
    message_ms: float

    @property
    def voices_ms(self) -> Iterator[tuple[float, float]]:
        """The bursts of the reply if nobody stops it."""
        at_ms = BEGAN_MS
        for index, ms in enumerate(self.parts_ms):
            if index % 2 == 0:
                yield at_ms, at_ms + ms
            at_ms += ms

    def last_word_ms(self, cut_ms: float) -> float:
        """Where the speech ends that was heard before the reply was cut.

        What has begun less than 60 ms before is no speech yet (METRICS 2, rule 4).
        """
        return max(min(end, cut_ms) for start, end in self.voices_ms if start + 60 <= cut_ms)


def interrupted(seed: int, utterance_ms: float) -> Interrupted:
    rng = random.Random(f"{seed} {utterance_ms}")
    parts_ms = [rng.uniform(700, 2200), rng.uniform(400, 900)]
    while sum(parts_ms) < 13_000:
        parts_ms += [rng.uniform(700, 2200), rng.uniform(400, 900)]
    case = Interrupted(
        parts_ms[:-1], 0, 0, rng.choice(DECISIONS_MS), 0, rng.choice([20, 40, 137.5])
    )
    onset_ms = rng.uniform(1500, 5000)
    # A valid barge-in begins at most 400 ms after something was heard.
    while onset_ms - case.last_word_ms(onset_ms) > 380:
        onset_ms += 31
    case.onset_ms = round(onset_ms * 8) / 8
    case.end_ms = case.onset_ms + utterance_ms
    case.answers_ms = case.end_ms + rng.choice(RESPONSES_MS)
    # Nobody answers sooner after falling silent than a silence that counts takes.
    case.answers_ms = max(case.answers_ms, case.onset_ms + case.decides_ms + 450)
    return case


def judged(call: Call, case: Interrupted) -> BargeIn:
    call.caller_listens(0).caller_says(1, case.onset_ms, case.end_ms - case.onset_ms)
    found = call.facts.turns[1].barge_in
    assert found is not None
    assert found.invalid == ""
    return found


def new_call() -> Call:
    interrupts = turn(TurnKind.BARGE_IN, expect("bot_interrupted"), answer())
    return Call(scenario(turn(TurnKind.LISTEN, answer()), interrupts))


Behaviour = Callable[[Interrupted], BargeIn]


def ignores(case: Interrupted) -> BargeIn:
    call = new_call().bot_says(BEGAN_MS, *case.parts_ms, message_ms=case.message_ms)
    return judged(call.caller_hangs_up(BEGAN_MS + sum(case.parts_ms) + 1300), case)


def ignores_and_sends_nothing_in_pauses(case: Interrupted) -> BargeIn:
    call = new_call().bot_says_with_dry_pauses(BEGAN_MS, *case.parts_ms, message_ms=case.message_ms)
    return judged(call.caller_hangs_up(BEGAN_MS + sum(case.parts_ms) + 1300), case)


def ignores_but_clears_an_empty_queue(case: Interrupted) -> BargeIn:
    """METRICS 9.5: a stock bot's `clear` at every onset of the caller."""
    call = new_call().bot_says_with_dry_pauses(BEGAN_MS, *case.parts_ms)
    queued = any(start < case.onset_ms + 5 < end for start, end in case.voices_ms)
    if not queued:
        call.bot_clears(case.onset_ms + 5)
    return judged(call.caller_hangs_up(BEGAN_MS + sum(case.parts_ms) + 1300), case)


def ignored(behaviour: Behaviour, utterance_ms: float) -> Counter[int | None]:
    return Counter(behaviour(interrupted(seed, utterance_ms)).no_yield for seed in SEEDS)


@pytest.mark.parametrize("utterance_ms", UTTERANCES_MS)
@pytest.mark.parametrize(
    "behaviour",
    [ignores, ignores_and_sends_nothing_in_pauses, ignores_but_clears_an_empty_queue],
)
def test_a_bot_that_ignores_the_caller_never_yields(
    behaviour: Behaviour, utterance_ms: float
) -> None:
    assert ignored(behaviour, utterance_ms) == {1: len(SEEDS)}


def yields_with_clear(case: Interrupted, ahead_ms: float) -> BargeIn:
    cut_ms = case.onset_ms + case.decides_ms
    call = new_call().bot_says(
        BEGAN_MS, *case.parts_ms, message_ms=case.message_ms, ahead_ms=ahead_ms, until_ms=cut_ms
    )
    call.bot_clears(cut_ms).bot_says(case.answers_ms, 2000)
    return judged(call.caller_hangs_up(case.answers_ms + 3500), case)


def yields_by_falling_silent(case: Interrupted) -> BargeIn:
    cut_ms = case.onset_ms + case.decides_ms
    # Messages of 20 ms, so that nothing is heard of what is sent after the decision.
    call = new_call().bot_says(BEGAN_MS, *case.parts_ms, until_ms=cut_ms)
    call.bot_says(case.answers_ms, 2000)
    return judged(call.caller_hangs_up(case.answers_ms + 3500), case)


@pytest.mark.parametrize("utterance_ms", UTTERANCES_MS)
@pytest.mark.parametrize(
    "ahead_ms",
    [
        pytest.param(90.0, id="paced"),
        pytest.param(3000.0, id="three-seconds-ahead"),
        pytest.param(float("inf"), id="dumped"),
    ],
)
def test_a_bot_that_clears_has_stopped_with_its_last_word(
    ahead_ms: float, utterance_ms: float
) -> None:
    for seed in SEEDS:
        case = interrupted(seed, utterance_ms)
        found = yields_with_clear(case, ahead_ms)
        last_word_ms = case.last_word_ms(case.onset_ms + case.decides_ms)

        assert found.no_yield == 0, seed
        assert found.stop_ms == pytest.approx(max(0, last_word_ms - case.onset_ms), abs=10), seed
        assert found.stale_audio_ms == 0, seed
        assert found.recovery_ms == pytest.approx(case.answers_ms - case.end_ms, abs=10), seed


@pytest.mark.parametrize("utterance_ms", UTTERANCES_MS)
def test_a_bot_that_falls_silent_has_stopped_with_its_last_word(utterance_ms: float) -> None:
    for seed in SEEDS:
        case = interrupted(seed, utterance_ms)
        found = yields_by_falling_silent(case)
        last_word_ms = case.last_word_ms(case.onset_ms + case.decides_ms)

        assert found.no_yield == 0, seed
        assert found.stop_ms == pytest.approx(max(0, last_word_ms - case.onset_ms), abs=20), seed
