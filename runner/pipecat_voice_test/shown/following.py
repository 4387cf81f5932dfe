"""A call that goes on, as words: what is new, what happens right now, and how it ended.

Only looks from outside at what the caller does and hears. Whatever a bot or a scenario file
says is made harmless here.
"""

from dataclasses import dataclass

from rich.cells import set_cell_size

from pipecat_voice_test.measurement.results import CallResult, Verdict
from pipecat_voice_test.one_call import OneCall
from pipecat_voice_test.report.facts import check_line, words
from pipecat_voice_test.report.text import masked, one_line
from pipecat_voice_test.scenario.matching import Occurrence
from pipecat_voice_test.scenario.model import EventName
from pipecat_voice_test.timeline import (
    Event,
    KeyPressed,
    Note,
    TurnGivenUp,
    UtteranceBegan,
)

NAME_CHARACTERS = 60
# Silence of the bot this long, while the caller speaks, is an end and not a breath.
YIELDED_S = 0.3


@dataclass
class Followed:
    """A call that goes on, and what was already said about it."""

    call: OneCall
    began_s: float
    title: str = ""
    _events: int = 0
    _last_signal: Occurrence | None = None
    _bot_speaks: bool = False
    _heard_s: float = 0.0

    def __post_init__(self) -> None:
        self.title = f"{one_line(self.call.scenario.name, NAME_CHARACTERS)} #{self.call.number}"

    def line(self, now_s: float, title_width: int) -> str:
        """Who speaks, and what is waited for, right now; the title has so many cells."""
        title = f"{now_s - self.began_s:6.1f} s  {set_cell_size(self.title, title_width)}"
        if self.call.is_over:
            return f"{title}  is being judged"
        caller = self.call.caller
        speaks = {
            (False, False): "nobody speaks",
            (True, False): "caller speaks",
            (False, True): "bot speaks",
            (True, True): "both speak",
        }[caller.is_speaking, caller.ear.is_speaking]
        waits = f"waits for {one_line(caller.waiting_for)}" if caller.waiting_for else ""
        return f"{title}  {speaks:<13}  {waits}".rstrip()

    def news(self, now_s: float) -> list[str]:
        """What has happened since this was asked last."""
        caller = self.call.caller
        events = caller.events[self._events :]
        self._events += len(events)
        texts = [text for event in events if (text := self._about(event))]
        bot = self._bot_changed(now_s, took_turn=bool(texts))
        return bot + texts + self._cleared()

    def _bot_changed(self, now_s: float, *, took_turn: bool) -> list[str]:
        """Whether the bot began to speak, or ended: a breath is no end."""
        caller = self.call.caller
        if caller.ear.is_speaking:
            began, self._bot_speaks, self._heard_s = not self._bot_speaks, True, now_s
            return ["bot speaks"] if began else []
        gap_s = YIELDED_S if caller.is_speaking else self.call.scenario.turn_gap_ms / 1000
        if self._bot_speaks and (took_turn or now_s - self._heard_s >= gap_s):
            self._bot_speaks = False
            return ["bot stops"]
        return []

    def _about(self, event: Event) -> str:
        match event:
            case UtteranceBegan(turn=turn):
                return f"caller speaks ({self._turn(turn)})"
            case KeyPressed(turn=turn, digit=digit):
                return f"caller presses {digit} ({self._turn(turn)})"
            case TurnGivenUp(turn=turn, reason=reason):
                return f"{one_line(reason)} ({self._turn(turn)})"
            case Note(text=text):
                return one_line(text)
            case _:
                return ""

    def _turn(self, index: int) -> str:
        return f"turn {index + 1}, line {self.call.scenario.turns[index].line}"

    def _cleared(self) -> list[str]:
        """Several at once are one line: a bot may flood us with them."""
        signals = self.call.caller.ear.signals
        count = 0
        for signal in reversed(signals):  # Older ones may have been dropped.
            if signal is self._last_signal:
                break
            count += signal.event is EventName.CLEAR
        if signals:
            self._last_signal = signals[-1]
        times = f" ({count} times)" if count > 1 else ""
        return [f"bot clears what it had sent{times}"] if count else []


def verdict_line(result: CallResult) -> str:
    """How a call ended, with the first reason if it did not pass."""
    line = f"{words(result.verdict)} after {result.timeline.duration_ms / 1000:.1f} s"
    if result.replaced:
        line += ", will be repeated"
    failed = [c for c in result.checks if c.verdict is Verdict.FAILED]
    reason = result.error or (check_line(failed[0]) if failed else "")
    reason = reason.partition("Fix: ")[0].rstrip()  # That is told once, at the end.
    if reason:
        line += f": {masked(one_line(reason))}"
    if not result.error and len(failed) > 1:
        line += f" (and {len(failed) - 1} more)"
    return line
