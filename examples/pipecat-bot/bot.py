"""A Pipecat phone bot that runs offline: no key, no account, no network.

Start it like any Pipecat bot:

    python bot.py -t twilio --host 0.0.0.0 --port 7860

Callers may come in by every door that doors.py opens.
The transport, the voice detection, the turn taking and the runner are Pipecat's own. Only the
brain (a script) and the voice (espeak-ng) stand in for what a real bot would rent.
README.md lists the switches that it reads from the environment.
"""

import os
import sys

# From the moment it is imported, onnxruntime records usage data to be sent to its maker.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import call_api
import doors
import faults
import faulty
from brain import GREETING, fixed_phrases
from espeak import EspeakTTSService, render
from loguru import logger
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.runner.types import RunnerArguments
from pipecat.transports.base_transport import BaseTransport
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import (
    BaseUserTurnStopStrategy,
    SpeechTimeoutUserTurnStopStrategy,
    TurnAnalyzerUserTurnStopStrategy,
)
from pipecat.turns.user_turn_processor import UserTurnProcessor
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

FAULT = faults.from_environment()
KEY_PAUSE_S = 0.5  # an entry on the keypad ends with `#`, or when this long no key follows


def pipeline_params() -> PipelineParams:
    """Pipecat's default rates (16 kHz in, 24 kHz out), or `RATE` for both directions."""
    rate = os.getenv("RATE")
    if not rate:
        return PipelineParams()
    return PipelineParams(audio_in_sample_rate=int(rate), audio_out_sample_rate=int(rate))


def turn_strategies() -> UserTurnStrategies:
    """A turn begins when a voice is heard, and ends after a pause.

    The pause is `TURN_TIMEOUT` seconds, beginning when the voice detector reports silence.
    With `TURN=smart` Pipecat's smart-turn model decides instead.
    """
    # Nothing here transcribes, so no strategy may wait for a transcript.
    stop: BaseUserTurnStopStrategy
    if os.getenv("TURN") == "smart":
        stop = TurnAnalyzerUserTurnStopStrategy(
            turn_analyzer=LocalSmartTurnAnalyzerV3(), wait_for_transcript=False
        )
    else:
        timeout_s = 0.0 if FAULT.name == "cuts-in" else float(os.getenv("TURN_TIMEOUT", "0.6"))
        stop = SpeechTimeoutUserTurnStopStrategy(
            user_speech_timeout=timeout_s, wait_for_transcript=False
        )
    start = VADUserTurnStartStrategy(enable_interruptions=FAULT.lets_caller_interrupt)
    return UserTurnStrategies(start=[start], stop=[stop])


async def run_call(transport: BaseTransport, runner_args: RunnerArguments) -> None:
    pipeline = Pipeline(
        [
            transport.input(),
            VADProcessor(vad_analyzer=SileroVADAnalyzer(params=VADParams(**FAULT.hears))),
            UserTurnProcessor(user_turn_strategies=turn_strategies()),
            DTMFAggregator(timeout=KEY_PAUSE_S, prefix=""),
            faulty.make_brain(FAULT),
            EspeakTTSService(),
            transport.output(),
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=pipeline_params(),
        idle_timeout_secs=runner_args.pipeline_idle_timeout_secs,
    )
    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)

    @transport.event_handler("on_client_connected")
    async def greet(_transport, _client):
        if FAULT.name != "no-greeting":
            await worker.queue_frame(TTSSpeakFrame(GREETING))

    @transport.event_handler("on_client_disconnected")
    async def hang_up(_transport, _client):
        logger.info("The caller hung up")
        await runner.cancel()

    await runner.run()


async def bot(runner_args: RunnerArguments) -> None:
    """Take one call; Pipecat's runner calls this for each caller, by whichever door."""
    await run_call(await doors.transport_of(runner_args, FAULT), runner_args)


def render_phrases() -> None:
    """Say everything once in silence, so that no caller waits for it and a missing voice shows."""
    try:
        for phrase in fixed_phrases():
            render(phrase, pipeline_params().audio_out_sample_rate)
    except FileNotFoundError:
        sys.exit("espeak-ng is not installed. Fix: apt-get install espeak-ng")


if __name__ == "__main__":
    from pipecat.runner.run import app, main

    faults.crash_if_asked(FAULT)
    faulty.prepare_server(FAULT)
    call_api.redirect_to_tester()
    doors.open_vonage_door(app, bot)
    render_phrases()
    main()
