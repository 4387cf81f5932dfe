"""Three calls with `call_bot`: two side by side in one folder, and one without a folder."""

import asyncio

import pytest
from again import until_judged
from pipecat_voice_test import HeldCall, Verdict, call_bot
from pipecat_voice_test.library.scenarios import one_scenario

GREETING = """
name: Greeting
turns:
  - expect: [{event: response, within_ms: 5000}]
  - hangup: true
    send_after: {event: bot_started_speaking, delay_ms: 1500}
"""
# A healthy bot greets half a second after it was called.
IMPATIENT = """
name: Impatient
limits: {greeting_ms: 5}
turns:
  - expect: [{event: response}]
  - hangup: true
    send_after: {event: bot_started_speaking, delay_ms: 1500}
"""
Calls = list[HeldCall]


def hold(url: str, folders: pytest.TempPathFactory) -> Calls:
    """One that passes and one that fails, and one that leaves nothing."""

    async def three() -> Calls:
        folder = folders.mktemp("library")
        return list(
            await asyncio.gather(
                call_bot(GREETING, url, output_dir=folder),
                call_bot(IMPATIENT, url, output_dir=folder, seed=1),
                call_bot(one_scenario(GREETING), url),
            )
        )

    return until_judged(
        lambda: asyncio.run(three()),
        lambda found: any(one.verdict is Verdict.INCONCLUSIVE for one in found),
    )
