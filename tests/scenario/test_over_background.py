"""Over music, a room or typing the caller takes his turns as on a quiet line.

The bot speaks with the voices of the examples; whole calls, frame by frame.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from audio.sounds import VOICES, hiss, mixed, music, silence, sound, tone, typing, voice
from pipecat_voice_test.audio.codec import FRAME_SAMPLES, ULAW_SILENCE_FRAME, Pcm, encode_ulaw
from pipecat_voice_test.audio.level import at_active_level
from pipecat_voice_test.audio.line import line_sound
from pipecat_voice_test.audio.speech import clip_spans
from pipecat_voice_test.scenario.caller import ScriptedCaller
from pipecat_voice_test.timeline import (
    FRAME_MS,
    Event,
    Heard,
    Note,
    TurnEnded,
    UtteranceBegan,
)

from scenario.conversations import SPOKEN_MS, clip
from scenario.texts import scenario

LONGEST_MS = 60_000
GREETING_MS = 700.0
ANSWER_AFTER_MS = 800.0
YIELDS_AFTER_MS = 300.0
BARGE_IN = """
name: s
detector: {detector}
turns:
  - expect: [{{event: response, within_ms: 4000}}]
  - user: "What is it?"
    expect: [{{event: response, within_ms: 4000}}]
  - user: "Wait!"
    send_after: {{event: bot_started_speaking, delay_ms: 1000}}
    expect:
      - {{event: bot_interrupted, within_ms: 1500}}
      - {{event: response, within_ms: 4000}}
"""


@dataclass
class Bot:
    """Greets, answers 800 ms after the caller, and yields 300 ms after he has begun."""

    under: Pcm
    says: list[Pcm]
    line: Pcm = field(default_factory=lambda: silence(LONGEST_MS))
    spoke_ms: list[tuple[float, float]] = field(default_factory=list)

    def speak(self, at_ms: float) -> None:
        pcm = self.says[len(self.spoke_ms)]
        spans = clip_spans(pcm)
        self.line = mixed(self.line, (at_ms, pcm))
        self.spoke_ms.append((at_ms + spans[0][0] / 8, at_ms + spans[-1][1] / 8))

    def hear(self, event: Event) -> None:
        if not isinstance(event, UtteranceBegan):
            return
        onset_ms = (event.first_sample + event.spans[0][0]) / 8
        start_ms, end_ms = self.spoke_ms[-1]
        if end_ms > onset_ms + YIELDS_AFTER_MS:
            self.line[round((onset_ms + YIELDS_AFTER_MS) * 8) :] = 0
            self.spoke_ms[-1] = (start_ms, onset_ms + YIELDS_AFTER_MS)
        self.speak(onset_ms + SPOKEN_MS + ANSWER_AFTER_MS)

    def frame(self, at_ms: int) -> bytes:
        piece = slice(at_ms * 8, at_ms * 8 + FRAME_SAMPLES)
        ulaw = encode_ulaw(mixed(self.under[piece], (0.0, self.line[piece])))
        return b"" if ulaw == ULAW_SILENCE_FRAME else ulaw


@dataclass
class Call:
    bot: Bot
    events: list[Event]
    over_ms: int

    def onsets_ms(self) -> list[float]:
        said = [event for event in self.events if isinstance(event, UtteranceBegan)]
        return [(event.first_sample + event.spans[0][0]) / 8 for event in said]

    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Note)]


def call(folder: Path, under: Pcm, says: list[Pcm], detector: str = "auto") -> Call:
    read = scenario(folder, BARGE_IN.format(detector=detector))
    clips = {turn.index: clip() for turn in read.turns if turn.speaks}
    caller = ScriptedCaller(read, clips, line_sound(0, -60.0))
    bot = Bot(under, says)
    bot.speak(GREETING_MS)
    heard, at_ms, seen = Heard(), 0, 0
    while at_ms < LONGEST_MS and caller.next_frame(at_ms, heard) is not None:
        for event in caller.events[seen:]:
            bot.hear(event)
        seen = len(caller.events)
        heard = Heard(bot.frame(at_ms))
        at_ms += FRAME_MS
    return Call(bot, list(caller.events), at_ms)


def people() -> list[Pcm]:
    spoken = [at_active_level(voice(name), -26) for name in VOICES]
    short, longer = spoken[VOICES.index("one_moment_please")], spoken[0]
    return [short, sound(longer, silence(300), longer), short]


@pytest.mark.parametrize("from_ms", [0, 400], ids=["from-the-start", "from-400-ms-on"])
@pytest.mark.parametrize("dbov", [-46, -41], ids=["20-db-softer", "15-db-softer"])
@pytest.mark.parametrize("kind", [music, hiss, typing])
def test_the_caller_takes_his_turns_and_interrupts_while_the_bot_speaks(
    tmp_path: Path, kind: Callable[[float, float], Pcm], dbov: float, from_ms: int
) -> None:
    """METRICS 3.3: the bot's turn began 500 ms before and more, and it is speaking."""
    held = call(tmp_path, sound(silence(from_ms), kind(LONGEST_MS - from_ms, dbov)), people())

    polite_ms, interrupts_ms = held.onsets_ms()
    greeting, (answer_ms, stopped_ms), _ = held.bot.spoke_ms
    assert 1000 < polite_ms - greeting[1] < 2000
    assert interrupts_ms - answer_ms == pytest.approx(1000, abs=60)
    assert interrupts_ms < stopped_ms
    assert held.over_ms < LONGEST_MS
    assert len([event for event in held.events if isinstance(event, TurnEnded)]) == 3


def test_by_the_level_alone_the_caller_waits_until_it_has_learnt_the_music(tmp_path: Path) -> None:
    held = call(tmp_path, music(LONGEST_MS, -43), people(), detector="level")

    assert held.onsets_ms()[0] - held.bot.spoke_ms[0][1] > 6000
    assert held.notes() == []


def test_the_switch_is_a_note_in_the_timeline(tmp_path: Path) -> None:
    held = call(tmp_path, music(LONGEST_MS, -43), people())

    assert held.notes() == [
        "from 0.0 s on the bot's speech is found by the neural detector: "
        "there is sound under the bot's voice that is no speech"
    ]


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(people(), id="a-person"),
        pytest.param([tone(ms, -20) for ms in (3000, 9000, 3000)], id="a-steady-tone"),
        pytest.param(
            [sound(*[tone(900, -20), silence(700)] * n) for n in (3, 8, 3)], id="a-tone-with-pauses"
        ),
    ],
)
def test_on_a_quiet_line_the_call_is_that_of_the_level_rule(
    tmp_path: Path, says: list[Pcm]
) -> None:
    quiet = silence(LONGEST_MS)

    by_itself, by_level = call(tmp_path, quiet, says), call(tmp_path, quiet, says, "level")

    assert by_itself.events == by_level.events
    assert by_itself.over_ms == by_level.over_ms
    assert by_itself.notes() == []


def test_the_greeting_is_interrupted_when_it_is_spoken_not_when_the_music_begins(
    tmp_path: Path,
) -> None:
    read = scenario(
        tmp_path,
        """
        name: s
        turns:
          - user: "Wait!"
            send_after: {event: bot_started_speaking, delay_ms: 1000}
            expect: [{event: bot_interrupted, within_ms: 1500}]
        """,
    )
    caller = ScriptedCaller(read, {0: clip()}, line_sound(0, -60.0))
    bot = Bot(music(10_000, -43), [people()[1]])
    bot.speak(1500)
    heard, at_ms = Heard(), 0
    while not any(isinstance(event, UtteranceBegan) for event in caller.events):
        assert caller.next_frame(at_ms, heard) is not None
        heard = Heard(bot.frame(at_ms))
        at_ms += FRAME_MS

    (began,) = (event for event in caller.events if isinstance(event, UtteranceBegan))
    onset_ms = (began.first_sample + began.spans[0][0]) / 8
    assert onset_ms - bot.spoke_ms[0][0] == pytest.approx(1000, abs=60)
