"""The adapter for Pipecat bots: their Twilio WebSocket, or their WebRTC offers.

The call behind it is held as those of scenarios are: a line that never goes quiet, exact pacing,
a playout clock, marks that come back, `clear` obeyed.
"""

import asyncio
from pathlib import Path
from typing import Literal
from uuid import uuid4

from pipecat_voice_test.audio.line import line_sound
from pipecat_voice_test.doors.door import CallFacts
from pipecat_voice_test.doors.entrance import Entrance, door_to
from pipecat_voice_test.library.adapter import AdapterCapabilities, VoiceAgentAdapter
from pipecat_voice_test.library.chunk import CHUNK_RATE_HZ, AudioChunk
from pipecat_voice_test.library.live.interruption import Interruption, excuse_me, take_floor
from pipecat_voice_test.library.live.line import LiveLine
from pipecat_voice_test.library.live.wording import not_connected
from pipecat_voice_test.protocol.identity import CallIdentity, run_account_sid
from pipecat_voice_test.report.disk import make_folder, write_whole
from pipecat_voice_test.report.events import event_lines
from pipecat_voice_test.report.files import BOT_RAW, EVENTS, RECORDING
from pipecat_voice_test.report.recording import bot_raw_wav_blocks, call_wav_blocks
from pipecat_voice_test.scenario.model import DEFAULT_LINE_NOISE_DBOV

UTTERANCE_END = "utterance_end"
KEYS = frozenset("0123456789*#")
_SEED = 0
_CHUNKS = f"pcm16/{CHUNK_RATE_HZ}"
_TELEPHONE, _OPUS = "mulaw/8000", "opus/48000"


class PipecatAgentAdapter(VoiceAgentAdapter):
    """A line to a Pipecat bot that somebody else has started.

    Args:
        url: Its media WebSocket, such as `ws://127.0.0.1:7860/ws`; for `transport="websocket"`.
        signaling_url: Where it takes WebRTC offers, such as `http://127.0.0.1:7860/api/offer`;
            for `transport="webrtc"`.
        transport: How to come in.
        audio_format, sample_rate: What the WebSocket carries: a telephone network's `mulaw` at
            8000 Hz, and nothing else. WebRTC negotiates its own.
        stream_sid, call_sid: What to call stream and call; made up for each call if not given.

    Attributes:
        stream_sid, call_sid: Those given; without, those of the call while there is one.
        end_of_utterance: Whether `send_audio` ends with a mark if it is not told otherwise.

    Raises:
        ValueError: `url` or `signaling_url` is missing, or the line cannot carry such audio.
    """

    capabilities = AdapterCapabilities(
        dtmf=True,
        interruption=True,
        input_formats=(_CHUNKS, _TELEPHONE),
        output_formats=(_CHUNKS, _TELEPHONE),
    )

    def __init__(
        self,
        url: str | None = None,
        *,
        signaling_url: str | None = None,
        transport: Literal["websocket", "webrtc"] = "websocket",
        audio_format: str = "mulaw",
        sample_rate: int = 8000,
        stream_sid: str | None = None,
        call_sid: str | None = None,
    ) -> None:
        super().__init__()  # Whoever makes it an agent of another library has a second base.
        _check(url, signaling_url, transport, f"{audio_format}/{sample_rate}")
        self.url, self.signaling_url = url, signaling_url
        self.transport = transport
        self.audio_format, self.sample_rate = audio_format, sample_rate
        self.stream_sid, self.call_sid = stream_sid, call_sid
        self.end_of_utterance = False
        if transport == "webrtc":
            formats = (_CHUNKS, _OPUS)
            self.capabilities = AdapterCapabilities(
                dtmf=True, interruption=True, input_formats=formats, output_formats=formats
            )
        self._given_sids = (stream_sid, call_sid)
        self._line: LiveLine | None = None
        self._connecting = asyncio.Lock()

    @property
    def transport_format(self) -> str:
        """What the line carries, `encoding/rate`."""
        if self.transport == "webrtc":
            return _OPUS
        return f"{self.audio_format}/{self.sample_rate}"

    def is_connected(self) -> bool:
        """Whether there is a line, with the bot on its other end."""
        return self._line is not None and self._line.is_open

    # --- the line -------------------------------------------------------------------------

    async def connect(self) -> None:
        """Call the bot. From now on there is a frame every 20 ms, with line noise if nothing else.

        With a line that is open nothing happens; if the bot has left it, it is called anew.

        Raises:
            BotNotReady: Nobody answers there.
            BotError: The bot takes no call.
            UsageError: The address is none, or aiortc is not installed.
        """
        async with self._connecting:
            if self.is_connected():
                return
            await self._leave()
            sound = line_sound(_SEED, DEFAULT_LINE_NOISE_DBOV)
            self._given_sids = (self.stream_sid, self.call_sid)
            identity = CallIdentity(
                run_account_sid(_SEED),
                self.call_sid or f"CA{uuid4().hex}",
                self.stream_sid or f"MZ{uuid4().hex}",
            )
            address = self.signaling_url if self.transport == "webrtc" else self.url
            assert address is not None
            door = door_to(address, Entrance(transport=self.transport))
            self._line = await LiveLine.open(
                door, CallFacts(identity), sound, is_endless=self.transport == "webrtc"
            )
            self.stream_sid, self.call_sid = identity.stream_sid, identity.call_sid

    async def disconnect(self) -> None:
        """Hang up: the frame in progress goes out, then `stop` and a close with code 1000.

        Waits up to 5 s for the bot's close. May be called again, and without a line.
        """
        async with self._connecting:
            await self._leave()

    async def _leave(self) -> None:
        try:
            if self._line is not None and self._line.loop is asyncio.get_running_loop():
                await self._line.hang_up()
        finally:
            self.stream_sid, self.call_sid = self._given_sids

    def _there(self) -> LiveLine:
        if self._line is None:
            raise not_connected()
        return self._line

    # --- speaking and listening -----------------------------------------------------------

    async def send_audio(self, chunk: AudioChunk, *, end_of_utterance: bool | None = None) -> None:
        """Say a chunk at the pace of speech; returns when it has been said.

        It begins with the next frame, and so takes between 7 ms less and 13 ms more than it
        lasts. Chunks sent at the same time are said one after the other. One that is sent when
        another has been said follows it without a hole. A cancelled one is cut off.

        Args:
            chunk: Of any length.
            end_of_utterance: Whether a mark `utterance_end` follows the last frame, for bots that
                wait for it; None for what the attribute of that name says. Networks send no
                such mark, and WebRTC has none.

        Raises:
            BotGone: The bot has hung up.
            NotConnected: There is no line.
        """
        line = self._there()
        marked = self.end_of_utterance if end_of_utterance is None else end_of_utterance
        if chunk.data or marked:
            await line.speak(chunk, UTTERANCE_END if marked else "")
        else:
            line.check()

    async def recv_audio(  # The name of `timeout` is that of DESIGN 9.
        self,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> AudioChunk:
        """What the caller hears next, as he hears it: the bot's audio once it has been played.

        Args:
            timeout: Seconds; None to wait as long as it takes.

        Raises:
            TimeoutError: The bot was silent for so long.
            BotGone: The bot has hung up, and all that was heard of it was given.
            NotConnected: There is no line, and nothing left of the last one.
        """
        return await self._there().hear(timeout)

    async def interrupt(self, chunk: AudioChunk | None = None) -> Interruption:
        """Take the floor by voice, and tell when the bot fell silent.

        A `clear` would do nothing: it is the bot that sends those. So something is said, as a
        person does who interrupts, and the bot has to hear it.

        Args:
            chunk: What to say; a second of speech is needed for most bots to stop. Without one
                it is "Sorry, may I say something?".

        Returns:
            When the bot fell silent, once that is known and all has been said: at most 3.2 s
            after the beginning, or when a longer chunk has been said.

        Raises:
            BotGone: The bot has hung up.
            NotConnected: There is no line.
            ValueError: There is no speech in the chunk.
        """
        return await take_floor(self._there(), excuse_me() if chunk is None else chunk)

    async def send_dtmf(self, tones: str) -> None:
        """Press keys, 100 ms apart; returns when the last one has been sent.

        Over WebRTC they are messages beside the line, as a page sends them.

        Raises:
            BotGone, NotConnected: As for `send_audio`.
            ValueError: There is no such key.
        """
        strange = [tone for tone in tones if tone not in KEYS]
        if strange:
            raise ValueError(f"{strange[0]!r} is not a key of a telephone: give 0-9, * and #")
        await self._there().press(tones)

    def save_recording(self, folder: Path | str) -> Path:
        """Write down the call as it is by now, or the last one.

        Returns:
            The recording: left what was said, right what was heard. Beside it lie
            `bot_raw.wav` and `events.jsonl`.

        Raises:
            NotConnected: There has been no call.
            UsageError: Nothing can be written there.
        """
        timeline = self._there().timeline()
        into = Path(folder)
        make_folder(into)
        write_whole(into / RECORDING, call_wav_blocks(timeline))
        write_whole(into / BOT_RAW, bot_raw_wav_blocks(timeline))
        write_whole(into / EVENTS, (f"{line}\n".encode() for line in event_lines(timeline)))
        return into / RECORDING


def _check(url: str | None, signaling_url: str | None, transport: str, audio: str) -> None:
    if transport not in ("websocket", "webrtc"):
        raise ValueError(f"transport is 'websocket' or 'webrtc', not {transport!r}")
    if transport == "websocket" and not url:
        raise ValueError(
            "PipecatAgentAdapter(transport='websocket') requires url=, ws://… or wss://…"
        )
    if transport == "webrtc" and not signaling_url:
        raise ValueError(
            "PipecatAgentAdapter(transport='webrtc') requires signaling_url=, where the bot takes "
            "offers: http://…/api/offer"
        )
    if transport == "websocket" and audio != _TELEPHONE:
        raise ValueError(f"a telephone network's WebSocket carries {_TELEPHONE}, not {audio}")
