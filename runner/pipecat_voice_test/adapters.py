"""A line to a bot for programs that speak and listen themselves, under the names of DESIGN 9.

    async with PipecatAgentAdapter("ws://127.0.0.1:7860/ws") as bot:
        greeting = await bot.recv_audio(timeout=5)

It is the known surface of LangWatch Scenario's adapter, so a suite written for it can switch.
"""

from pipecat_voice_test.errors import BotGone, NotConnected, UnsupportedCapability
from pipecat_voice_test.library.adapter import AdapterCapabilities, VoiceAgentAdapter
from pipecat_voice_test.library.chunk import AudioChunk, silent_chunk
from pipecat_voice_test.library.live.interruption import Interruption
from pipecat_voice_test.library.pipecat import PipecatAgentAdapter

# What LangWatch Scenario calls them, for suites that catch them.
AgentStreamEndedError = PipecatRecvError = BotGone
UnsupportedCapabilityError = UnsupportedCapability

__all__ = [
    "AdapterCapabilities",
    "AgentStreamEndedError",
    "AudioChunk",
    "BotGone",
    "Interruption",
    "NotConnected",
    "PipecatAgentAdapter",
    "PipecatRecvError",
    "UnsupportedCapability",
    "UnsupportedCapabilityError",
    "VoiceAgentAdapter",
    "silent_chunk",
]
