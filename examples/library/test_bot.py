"""A team's own tests of its phone bot, in its own pytest.

    pip install 'pipecat-voice-test[speech]' pytest
    python bot.py -t twilio --port 7860 &
    pytest test_bot.py

`BOT_URL` says where the bot listens, if not there.
"""

import asyncio
import os
import wave
from pathlib import Path

from pipecat_voice_test import load_scenarios
from pipecat_voice_test.adapters import AudioChunk, PipecatAgentAdapter

URL = os.environ.get("BOT_URL", "ws://127.0.0.1:7860/ws")
HERE = Path(__file__).parent


# --- a scenario, played and judged: the fixture `voice_call` comes with the package ---------


def test_the_bot_greets_and_answers(voice_call):
    result = voice_call(HERE / "greeting.yaml", URL, start_timeout=60)

    assert result.passed, result.story


def test_it_answers_within_three_seconds(voice_call):
    """Every figure of METRICS is at hand, in milliseconds at the caller's ear."""
    (scenario,) = load_scenarios(HERE / "greeting.yaml")

    result = voice_call(scenario, URL)

    assert max(result.metrics["response_ms"]) < 3000, result.story
    assert result.recording is not None  # Listen to it: left the caller, right the bot.


# --- a line to speak on oneself -------------------------------------------------------------


def test_it_can_be_interrupted():
    async def call():
        async with PipecatAgentAdapter(URL) as bot:
            await everything(bot, first=10)  # The greeting.
            await bot.send_audio(question())
            await bot.recv_audio(timeout=10)  # It begins to answer,
            await asyncio.sleep(1)
            interruption = await bot.interrupt()  # and somebody talks over it.

            assert interruption.yielded, "it talked on"
            assert interruption.stop_ms < 2000
            assert await everything(bot, first=10) > 0, "it took no notice of what was said"

    asyncio.run(call())


async def everything(bot, first):
    """How many seconds are heard until the bot has been silent for a second."""
    seconds, wait = 0.0, first
    while True:
        try:
            seconds += (await bot.recv_audio(timeout=wait)).duration_seconds
        except TimeoutError:
            return seconds
        wait = 1.0


def question():
    """Any speech will do, as 16-bit mono PCM at 24 kHz."""
    with wave.open(str(HERE / "question.wav")) as file:
        return AudioChunk(file.readframes(file.getnframes()))
