"""What the bot does next. Pure: it is told what it hears and what time it is.

Times are milliseconds of call time: 0 is the caller's `start`. The caller's speech is known by
its position in the audio (`ear`), so an answer is due an exact time after the caller's last
loud millisecond, and yielding an exact time after the first.
"""

import math

from pipecat_voice_test.demo.acts import Act, Clear, Close, Log, Mark, Send
from pipecat_voice_test.demo.clips import SILENCE, Clip, Voice
from pipecat_voice_test.demo.ear import SAMPLES_PER_MS, Burst, Ear, from_first_loud
from pipecat_voice_test.demo.faults import Manners
from pipecat_voice_test.demo.mouth import Mouth

KEY_PAUSE_MS = 500  # One key alone is a choice, several with `#` at the end a number.
KEY_ANSWER_MS = 40
FRAME_DELAY_MS = 60  # The newest sound the bot can know of is this old at worst.
AFTER_YIELD_MS = 500  # It never answers sooner than that after it was interrupted.
STALE_AFTER_MS = 500  # A silence of 400 ms is a yielding, and the bot may be a frame late.
NOISE_MS = 50


class Brain:
    """One call."""

    def __init__(self, manners: Manners, voice: Voice, mouth: Mouth) -> None:
        self._manners = manners
        self._voice = voice
        self._mouth = mouth
        self._ear = Ear()
        self._acts: list[Act] = []
        self._alarms: dict[str, float] = {}  # What is due when; see `_ring`.
        self._asked: Burst | None = None  # What is to be answered.
        self._done: Burst | None = None  # What needs nothing more…
        self._done_until_ms = 0.0  # …unless it goes on after this.
        self._gave_way = False
        self._digits = ""
        self._replies = 0
        self._utterances = 0
        self._key_ms = 0.0
        self._left = self._old = b""
        self._yielded_ms = 0.0
        self._mute = False
        if manners.greets:
            self._alarms["greet"] = manners.greeting_after_ms - voice.greeting.lead_ms
        if manners.hangs_up_after_ms is not None:
            self._alarms["close"] = manners.hangs_up_after_ms

    # --- what happens to it ---------------------------------------------------------------

    def hear(self, ulaw: bytes, at_ms: float) -> None:
        """The caller's next piece of audio."""
        self._ear.hear(ulaw)
        burst = self._ear.burst
        if burst is None or (burst is self._done and burst.end_ms <= self._done_until_ms):
            return
        if not self._is_talking(at_ms):
            self._will_answer(burst)
        elif not self._listens_while_talking or not self._takes_the_floor(burst):
            self._settle(burst, burst.end_ms)
        elif "yield" not in self._alarms:
            began_ms = max(burst.onset_ms, self._mouth.start_ms)
            self._alarms["yield"] = began_ms + self._manners.stop_after_ms

    def press(self, digit: str, at_ms: float) -> None:
        """The caller pressed a key."""
        self._digits += digit
        self._key_ms = at_ms
        self._alarms["key"] = at_ms + (KEY_ANSWER_MS if digit == "#" else KEY_PAUSE_MS)
        self._settle(self._ear.burst, self._ear.heard_ms)
        if self._is_talking(at_ms) and self._mouth.saying != "goodbye":
            self._yield(at_ms, at_ms)

    def mark_returned(self, name: str, at_ms: float) -> None:
        """The caller has heard everything up to the mark."""
        self._log("heard", {"at": at_ms}, mark=name)
        manners = self._manners
        if name.startswith("goodbye") and manners.hangs_up and manners.cut_goodbye_ms is None:
            silence_ms = manners.silence_before_close_ms
            if silence_ms:
                self._acts.append(Send("goodbye", SILENCE * int(silence_ms * SAMPLES_PER_MS)))
            self._alarms["close"] = at_ms + (45 if silence_ms else 0)

    # --- what it does ---------------------------------------------------------------------

    def due_ms(self) -> float | None:
        """When `act` is to be called next, if nothing happens before."""
        times = [due for name, due in self._alarms.items() if self._may_ring(name)]
        if self._mouth.due_ms is not None:
            times.append(self._mouth.due_ms)
        return 0.0 if self._acts else min(times, default=None)

    def act(self, at_ms: float) -> list[Act]:
        """Everything that is due."""
        ready = [n for n, due in self._alarms.items() if due <= at_ms and self._may_ring(n)]
        for name in sorted(ready, key=self._alarms.__getitem__):
            if self._alarms.pop(name, None) is not None:
                self._ring(name, at_ms)
        for chunk in self._mouth.take(at_ms):
            self._send(chunk.said, chunk.ulaw, chunk.first, chunk.last)
        acts, self._acts = self._acts, []
        return acts

    def _may_ring(self, name: str) -> bool:
        """An answer waits until the silence before it has really been heard."""
        if name != "answer":
            return True
        return self._ear.heard_ms >= self._alarms[name] - FRAME_DELAY_MS and not self._ear.in_doubt

    def _ring(self, name: str, at_ms: float) -> None:
        match name:
            case "greet":
                self._greet(at_ms)
            case "answer":
                self._answer(at_ms)
            case "tool":
                self._say(self._reply(), at_ms, {})
            case "again":
                self._say(
                    self._voice.replies[(self._replies - 1) % len(self._voice.replies)], at_ms, {}
                )
            case "key":
                self._answer_key(at_ms)
            case "yield":
                self._yield_to_caller(at_ms)
            case "stale":
                self._send("stale", self._old[: int(self._manners.stale_ms * SAMPLES_PER_MS)])
            case "resume":
                self._say(Clip(self._mouth.saying, self._old), at_ms, {})
            case "drop":
                self._acts.append(Close(self._manners.close_code))
            case _:  # "close"
                for chunk in self._mouth.take_all(at_ms):
                    self._send(chunk.said, chunk.ulaw, chunk.first, chunk.last)
                self._acts.append(Close(self._manners.close_code))

    def _is_talking(self, at_ms: float) -> bool:
        """Does it believe so itself? What was sent may play on all the same."""
        return self._mouth.is_speaking(at_ms) and not self._gave_way

    def _settle(self, burst: Burst | None, until_ms: float) -> None:
        """This needs no answer, unless it goes on after `until_ms`."""
        self._done, self._done_until_ms = burst, until_ms
        self._alarms.pop("answer", None)

    @property
    def _listens_while_talking(self) -> bool:
        return self._manners.yields and self._mouth.saying != "goodbye"

    def _takes_the_floor(self, burst: Burst) -> bool:
        """Whether this is enough to be interrupted by."""
        if self._manners.yields_to_noise:
            return burst.voice_ms >= NOISE_MS
        # Whoever yields very soon cannot wait for much voice.
        soonest_ms = max(NOISE_MS, self._manners.stop_after_ms - FRAME_DELAY_MS)
        needed_ms = min(self._manners.voice_to_yield_ms, soonest_ms)
        return burst.voice_ms >= needed_ms and burst.is_voice

    def _is_noise(self, burst: Burst) -> bool:
        """Whether a bot that yields to noise then finds nothing in it to answer."""
        return burst.voice_ms < self._manners.voice_to_yield_ms or not burst.is_voice

    def _will_answer(self, burst: Burst) -> None:
        """Answer this, once it has been over for long enough."""
        manners = self._manners
        if self._mute or not manners.answers or burst.voice_ms < manners.deaf_below_ms:
            return
        if manners.yields_to_noise and self._is_noise(burst):
            return
        if not burst.is_voice and not manners.answers_noise:
            return
        self._asked = burst
        due_ms = burst.end_ms + manners.answer_after_ms
        if self._yielded_ms > burst.onset_ms:
            due_ms = max(due_ms, self._yielded_ms + AFTER_YIELD_MS)
        self._alarms["answer"] = due_ms - self._next_reply().lead_ms

    def _greet(self, at_ms: float) -> None:
        whole = self._voice.greeting
        cut = int(self._manners.greeting_cut_ms * SAMPLES_PER_MS)
        self._say(Clip(whole.name, whole.ulaw[cut:]), at_ms, {})

    def _next_reply(self) -> Clip:
        """What it says next in answer."""
        if self._manners.tool_ms is not None:
            return self._voice.confirm
        if self._left and self._manners.halves_replies:
            return Clip("rest", self._left)
        clip = self._voice.replies[self._replies % len(self._voice.replies)]
        if self._manners.halves_replies:
            return Clip(clip.name, clip.ulaw[: len(clip.ulaw) // 2])
        return clip

    def _reply(self) -> Clip:
        """The next of its replies, which is then gone."""
        clip = self._voice.replies[self._replies % len(self._voice.replies)]
        self._replies += 1
        return clip

    def _answer(self, at_ms: float) -> None:
        burst = self._asked
        if burst is None or self._is_talking(at_ms):
            return
        self._settle(burst, burst.end_ms)
        clip, manners = self._next_reply(), self._manners
        if clip.name == "rest":
            self._left = b""
        elif manners.tool_ms is None:
            whole = self._reply()
            self._left = whole.ulaw[len(clip.ulaw) :] if manners.halves_replies else b""
        self._say(clip, at_ms, {"caller_onset": burst.onset_ms, "caller_end": burst.end_ms})
        if manners.tool_ms is not None:
            self._alarms["tool"] = self._mouth.end_ms + manners.tool_ms
        if manners.answers_again_ms is not None:
            self._alarms["again"] = self._mouth.end_ms + manners.answers_again_ms
        if manners.drops_answer_ms is not None:
            self._alarms["drop"] = self._mouth.start_ms + manners.drops_answer_ms

    def _answer_key(self, at_ms: float) -> None:
        digits, self._digits = self._digits, ""
        if not self._manners.answers or self._mute:
            return
        clips = {"1": self._voice.hours, "2": self._voice.address, "9": self._voice.goodbye}
        clip = self._voice.confirm if digits.endswith("#") else clips.get(digits)
        clip = clip or self._voice.replies[self._replies % len(self._voice.replies)]
        if clip.name == "goodbye" and self._manners.unsaid_goodbye_ms:
            unsaid = int(self._manners.unsaid_goodbye_ms * SAMPLES_PER_MS)
            clip = Clip(clip.name, clip.ulaw[:-unsaid])
        self._settle(self._ear.burst, self._ear.heard_ms)
        self._say(clip, at_ms, {"key": self._key_ms})
        if clip.name == "goodbye" and self._manners.cut_goodbye_ms is not None:
            self._alarms["close"] = self._mouth.end_ms - self._manners.cut_goodbye_ms

    def _say(self, clip: Clip, at_ms: float, since_ms: dict[str, float]) -> None:
        """Begin an utterance now; `since_ms` is what it answers."""
        self._mouth.say(clip, at_ms, gap_ms=self._manners.gap_ms)
        self._gave_way = False
        for name in ("yield", "tool", "again", "resume"):
            self._alarms.pop(name, None)
        event = "greeting" if clip.name == "greeting" else "answer"
        self._log(event, {"at": self._mouth.start_ms + clip.lead_ms, **since_ms}, clip=clip.name)

    def _yield_to_caller(self, at_ms: float) -> None:
        burst = self._ear.burst
        if burst is None or not self._is_talking(at_ms):
            return
        self._yield(at_ms, burst.onset_ms)
        self._mute = self._manners.mute_after_noise and self._is_noise(burst)
        if self._manners.talks_on or self._manners.resumes_after_ms is not None:
            self._settle(burst, math.inf)
        else:
            self._will_answer(burst)

    def _yield(self, at_ms: float, onset_ms: float) -> None:
        """Fall silent, as far as the faults let it."""
        rest = self._mouth.rest(at_ms)
        self._mouth.stop_sending()
        if self._manners.clears:
            self._acts.append(Clear())
            self._log("clear", {"at": at_ms}, removed_ms=round(self._mouth.clear(at_ms), 1))
        if self._manners.talks_on:
            self._mouth.say(Clip(self._mouth.saying, rest), at_ms)
            return
        self._gave_way = True
        self._yielded_ms = at_ms
        stopped_ms = self._mouth.last_loud_ms()
        if stopped_ms is not None:
            self._log("stopped", {"at": stopped_ms, "caller_onset": onset_ms})
        for name in ("drop", "again", "tool"):
            self._alarms.pop(name, None)
        self._old = from_first_loud(rest)
        if self._manners.stale_ms:
            self._alarms["stale"] = at_ms + STALE_AFTER_MS
        if self._manners.resumes_after_ms is not None and self._old:
            self._alarms["resume"] = at_ms + self._manners.resumes_after_ms

    def _send(self, said: str, ulaw: bytes, first: bool = False, last: bool = False) -> None:
        if ulaw:
            self._acts.append(Send(said, ulaw, first))
        if last:
            self._utterances += 1
            self._acts.append(Mark(f"{said}-{self._utterances}"))

    def _log(self, event: str, times_ms: dict[str, float], **facts: str | float) -> None:
        self._acts.append(Log(event, times_ms, facts))
