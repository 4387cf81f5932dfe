"""The demo bot without a process, on a clock that jumps from one event to the next.

The bot is the real one from its ear to its mouth; only the socket and the waiting are gone,
so ten minutes of call take as long as their work does.
"""

import asyncio
import base64
import json

from pipecat_voice_test.call.clock import Bell
from pipecat_voice_test.call.phone import CallLimits, PhoneCall
from pipecat_voice_test.call.reading import Reading
from pipecat_voice_test.call.socket import Arrival, Closed, Message
from pipecat_voice_test.demo.acts import Act, Clear, Close, Log, Mark, Send
from pipecat_voice_test.demo.brain import Brain
from pipecat_voice_test.prepare import prepare
from pipecat_voice_test.protocol.identity import call_identity
from pipecat_voice_test.protocol.twilio import TwilioWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.scenario.caller import ScriptedCaller
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker

ROUNDING_MS = 1e-6


def jumping_phone(scenario: Scenario, brain: Brain, *, number: int, most_s: float) -> PhoneCall:
    """A call of a scenario that is ready to be held; it lasts `most_s` seconds at most."""
    (prepared,) = prepare([scenario], seed=0, speaker=Speaker(None, SpeechCache(None)))
    identity = call_identity(0, scenario.name, number)
    bot = JumpingBot(brain)
    return PhoneCall(
        VirtualCall(TwilioWire(identity, {})),
        ScriptedCaller(scenario, prepared.clips, prepared.line),
        bot,
        bot,
        identity=identity,
        limits=CallLimits(max_call_ms=most_s * 1000.0),
    )


class JumpingBot:
    """A `Clock` and a `Socket` in one: the bot acts while the call sleeps."""

    def __init__(self, brain: Brain) -> None:
        self.bell = Bell()
        self.reading = Reading()
        self._brain = brain
        self._now_ms = 5_000.0
        self._start_ms = self._now_ms
        self._stream_sid = ""
        self._arrivals: list[Arrival] = []

    # --- Clock ----------------------------------------------------------------------------

    def now_ms(self) -> float:
        return self._now_ms

    async def sleep_until_ms(self, deadline_ms: float, bell: Bell | None = None) -> None:
        await asyncio.sleep(0)
        while not self.bell.take():
            due_ms = self._brain.due_ms() if self._stream_sid else None
            due_ms = None if due_ms is None else self._start_ms + due_ms
            if due_ms is None or due_ms > max(deadline_ms, self._now_ms):
                self._now_ms = max(self._now_ms, deadline_ms)
                return
            self._now_ms = max(self._now_ms, due_ms)
            # The sum above may be too small by what a float cannot say.
            for act in self._brain.act(self._now_ms - self._start_ms + ROUNDING_MS):
                self._perform(act)

    # --- Socket ---------------------------------------------------------------------------

    def received(self) -> list[Arrival]:
        arrivals, self._arrivals = self._arrivals, []
        return arrivals

    def send(self, data: str | bytes) -> None:
        message = json.loads(data)
        at_ms = self._now_ms - self._start_ms
        match message["event"]:
            case "start":
                self._start_ms = self._now_ms
                self._stream_sid = message["streamSid"]
            case "media":
                self._brain.hear(base64.b64decode(message["media"]["payload"]), at_ms)
            case "dtmf":
                self._brain.press(message["dtmf"]["digit"], at_ms)
            case "mark":
                self._brain.mark_returned(message["mark"]["name"], at_ms)
            case _:
                pass

    def close(self) -> None:
        self._stream_sid = ""
        self._arrives(Closed(self._now_ms, 1000))

    def abort(self) -> None: ...

    def unsent_bytes(self) -> int:
        return 0

    def _perform(self, act: Act) -> None:
        match act:
            case Send():
                payload = base64.b64encode(act.ulaw).decode()
                self._say({"event": "media", "media": {"payload": payload}})
            case Mark():
                self._say({"event": "mark", "mark": {"name": act.name}})
            case Clear():
                self._say({"event": "clear"})
            case Close():
                self._stream_sid = ""
                self._arrives(Closed(self._now_ms, act.code))
            case Log():
                pass

    def _say(self, message: dict[str, object]) -> None:
        text = json.dumps(message | {"streamSid": self._stream_sid})
        self._arrives(Message(self._now_ms, text))

    def _arrives(self, arrival: Arrival) -> None:
        self._arrivals.append(arrival)
        self.bell.ring()
