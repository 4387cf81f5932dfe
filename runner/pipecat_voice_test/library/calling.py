"""`call_bot`: one call of one scenario to a bot that runs somewhere, for a program's own tests."""

import asyncio
import os
from dataclasses import replace
from itertools import count
from os import PathLike
from pathlib import Path
from urllib.parse import urlsplit

from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.call.clock import SystemClock
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.doors.door import Door
from pipecat_voice_test.doors.entrance import Entrance, door_to
from pipecat_voice_test.doors.providers import PROVIDERS
from pipecat_voice_test.errors import BotError, UsageError
from pipecat_voice_test.library.kept import Kept, kept_in
from pipecat_voice_test.library.result import HeldCall, held, skipped
from pipecat_voice_test.library.scenarios import ScenarioSource, one_scenario
from pipecat_voice_test.measurement.comparison.model import Settings
from pipecat_voice_test.measurement.results import BotFacts, CallResult, Verdict
from pipecat_voice_test.one_call import OneCall, Prepared
from pipecat_voice_test.prepare import prepare
from pipecat_voice_test.protocol.identity import CallIdentity, call_identity
from pipecat_voice_test.report.files import CallFiles
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.undisturbed import undisturbed
from pipecat_voice_test.voice.cache import SpeechCache, default_cache_folder
from pipecat_voice_test.voice.engines import find_engine
from pipecat_voice_test.voice.speaker import Speaker

INVALID_RETRIES = 1  # P-22

_calls = count(1)  # Of this process, so that no two have one name (P-12).


async def call_bot(
    scenario: ScenarioSource,
    url: str,
    *,
    output_dir: str | PathLike[str] | None = None,
    provider: str = "twilio",
    transport: str = "websocket",
    audio_format: str | None = None,
    sample_rate: int | None = None,
    webhook: str | None = None,
    start: str | None = None,
    auth_token: str = "",
    seed: int = 0,
    start_timeout: float = 0.0,
) -> HeldCall:
    """Call a bot, play a scenario in real time, and judge what the caller heard.

    A call that this machine was too slow for is made once more; if that is too slow as well, its
    verdict is `inconclusive`. Calls may go on side by side: `asyncio.gather` them.

    Args:
        scenario: A `Scenario`, the path of a file with one, or the text of such a file.
        url: The bot's media WebSocket, `ws://…` or `wss://…`; for WebRTC where it takes offers.
        output_dir: Where to write the recording, the page and all other results, as `run` does;
            a folder holds all calls that this process makes into it.
        provider: Whose telephone network it is; as `--provider` of `run`.
        transport: `websocket` or `webrtc`; as `--bot-transport`.
        audio_format: What the line carries, if not the usual; as `--audio-format`.
        sample_rate: The same; as `--sample-rate`.
        webhook: Path or address that is asked for call instructions; as `--bot-webhook`.
        start: Path or address of a start endpoint; as `--bot-start`.
        auth_token: Signs what is asked, as `--auth-token`.
        seed: Of the line noise and of what the call is named.
        start_timeout: Seconds that the bot may still take to listen.

    Returns:
        A `CallResult`; `assert result.passed, result.story` tells the whole story.

    Raises:
        BotError: The bot took no call, so nothing could be judged.
        UsageError, ScenarioError, SpeechError: What was asked for cannot be done.
    """
    entrance = Entrance(
        provider=_provider(provider),
        transport=transport,
        audio_format=audio_format,
        sample_rate_hz=sample_rate,
        webhook=webhook,
        start=start,
        auth_token=auth_token,
        sign_upgrade=bool(auth_token),
    )
    one = await asyncio.to_thread(one_scenario, scenario)
    if one.skip_reason:
        return skipped(one)
    if start_timeout:
        await UrlBot(_as_websocket(url), start_timeout_s=start_timeout).start()
    return await _until_fit(one, url, entrance, seed, output_dir)


async def _until_fit(
    scenario: Scenario,
    url: str,
    entrance: Entrance,
    seed: int,
    output_dir: str | PathLike[str] | None,
) -> HeldCall:
    """Call until this machine was quick enough, twice at most."""
    door = door_to(url, entrance)
    prepared = await asyncio.to_thread(_prepared, scenario, seed)
    kept, number = None, 1
    if output_dir is not None:
        bot, settings = BotFacts("url", _name(url)), Settings(entrance.shown)
        kept = await asyncio.to_thread(kept_in, Path(output_dir), bot, settings, seed)
        number = kept.begin(scenario, prepared.fingerprint)
    for attempt in range(INVALID_RETRIES + 1):
        identity = call_identity(seed, scenario.name, next(_calls), entrance.provider)
        result = await _call(
            prepared, door, kept, number, identity, seed, last=attempt == INVALID_RETRIES
        )
        if not result.replaced:
            break
    return result


async def _call(
    prepared: Prepared,
    door: Door,
    kept: Kept | None,
    number: int,
    identity: CallIdentity,
    seed: int,
    *,
    last: bool,
) -> HeldCall:
    scenario, heartbeat = prepared.scenario, Heartbeat()
    call = OneCall(
        prepared, number, seed=seed, clock=SystemClock(), heartbeat=heartbeat, identity=identity
    )
    heartbeat.start()
    try:
        with undisturbed():
            await call.hold(door)
        result = await asyncio.to_thread(call.judged)
    except BotError as error:
        result = call.unfinished(Verdict.ERROR, error=str(error), kind=error.kind)
        await asyncio.to_thread(_keep, kept, scenario, result)
        raise
    except asyncio.CancelledError:
        result = call.unfinished(Verdict.NOT_RUN, error="it was cancelled", kind="interrupted")
        _keep(kept, scenario, result)
        raise
    finally:
        heartbeat.stop()
    if result.verdict is Verdict.INCONCLUSIVE and not last:
        result = replace(result, replaced=True)
    return await asyncio.to_thread(_keep, kept, scenario, result)


def _keep(kept: Kept | None, scenario: Scenario, result: CallResult) -> HeldCall:
    if kept is None:
        return held(result, scenario, files=CallFiles())
    return held(result, scenario, output=kept.path, files=kept.add(scenario, result))


def _prepared(scenario: Scenario, seed: int) -> Prepared:
    speaker = Speaker(find_engine(), SpeechCache(default_cache_folder(os.environ)))
    (prepared,) = prepare([scenario], seed=seed, speaker=speaker)
    return prepared


def _provider(name: str) -> str:
    if name not in PROVIDERS:
        raise UsageError(
            f"There is no provider `{name}`.", fix=f"give one of: {', '.join(PROVIDERS)}."
        )
    return name


def _as_websocket(url: str) -> str:
    """The same server; it is only asked whether it answers HTTP."""
    return f"ws{url.removeprefix('http')}" if url.startswith(("http:", "https:")) else url


def _name(url: str) -> str:
    """The address without user, password, query and token, which are not for reports."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
