"""The bot that was asked for: which launcher, with which settings."""

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.call_api import call_api_at, call_api_of
from pipecat_voice_test.asked.credentials import Keys, keys_of
from pipecat_voice_test.asked.given import Given, Source
from pipecat_voice_test.asked.options import Setting
from pipecat_voice_test.bot.base import Bot
from pipecat_voice_test.bot.command import CommandBot
from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.call_api.api import CallApi
from pipecat_voice_test.demo.faults import Faults
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.identity import run_account_sid


def make_bots(given: Given, environ: Mapping[str, str] = os.environ) -> Bots:
    """The bots of exactly one of the launchers.

    Raises:
        UsageError: None or several were given, or their options are wrong.
    """
    launcher = _launcher(given)
    fresh = given.flag(options.FRESH_BOT) and launcher is not options.BOT_URL
    if launcher is options.BOT_URL:
        url, timeout_s = _bot_url(given), given.need(options.START_TIMEOUT)
        api, found = call_api_at(given, environ)
        make = partial(UrlBot, url, start_timeout_s=timeout_s, call_api=found)
        return Bots(make, call_api=api)
    keys = keys_of(given, _variables(given, environ))
    if launcher is options.BOT_COMMAND:
        api = call_api_of(given, keys)
        return Bots(_command_bot(given, keys, api), fresh=fresh, call_api=api)
    # docker-py takes a quarter of a second to import.
    from pipecat_voice_test.asked.contained import contained_bots

    return contained_bots(given, launcher, keys, fresh=fresh)


def _bot_url(given: Given) -> str:
    """Over WebRTC a bot is asked by HTTP, so its address may be given so as well."""
    url: str = given.need(options.BOT_URL)
    over_webrtc = given.need(options.BOT_TRANSPORT) == "webrtc"
    return "ws" + url.removeprefix("http") if over_webrtc and url.startswith("http") else url


def _launcher(given: Given) -> Setting[str]:
    chosen = given.chosen(options.LAUNCHERS)
    if not chosen:
        raise UsageError(
            "no bot was given.",
            fix="start yours with `--bot-image NAME`, `--bot-build DIR` or\n"
            "`--bot-command 'python bot.py --port {port}'`, or name one that already runs with\n"
            "`--bot-url ws://127.0.0.1:7860/ws`; `pipecat-voice-test demo` needs none.",
        )
    if len(chosen) > 1:
        names = " and ".join(f"`--{setting.name}`" for setting in chosen)
        fix = "give exactly one of them."
        if options.BOT_COMMAND in chosen and options.BOT_URL not in chosen:
            fix += "\nWhat a container runs in place of its image's CMD is `--bot-args`."
        raise UsageError(f"{names} were both given.", fix=fix)
    return chosen[0]


def _command_bot(given: Given, keys: Keys, api: CallApi | None) -> Callable[[], Bot]:
    return partial(
        CommandBot,
        given.need(options.BOT_COMMAND),
        port=given.need(options.BOT_PORT) if _was_given(given, options.BOT_PORT) else None,
        path=given.need(options.BOT_PATH),
        env=keys.env,
        start_timeout_s=given.need(options.START_TIMEOUT),
        account_sid=keys.account_sid,
        auth_token=keys.auth_token,
        listen=None if api is None else api.listen,
    )


def _was_given(given: Given, setting: Setting[Any]) -> bool:
    said = given.said(setting)
    return said is not None and said.source is not Source.DEFAULT


# What each launcher makes no use of.
_UNUSED: dict[str, tuple[Setting[Any], ...]] = {
    options.BOT_URL.name: tuple(
        setting
        for setting in options.BOT_SETTINGS
        if setting not in (*options.LAUNCHERS, options.START_TIMEOUT, *options.ENTRANCE_SETTINGS)
    ),
    options.BOT_COMMAND.name: (
        options.BOT_SERVICE,
        options.BOT_DOCKERFILE,
        options.BOT_PULL,
        *options.IMAGE_SETTINGS,
    ),
    options.BOT_IMAGE.name: (options.BOT_SERVICE, options.BOT_DOCKERFILE),
    options.BOT_BUILD.name: (options.BOT_SERVICE, options.BOT_PULL),
    options.BOT_COMPOSE.name: (options.BOT_DOCKERFILE, options.BOT_PULL, *options.IMAGE_SETTINGS),
}
_BECAUSE = {
    options.BOT_URL.name: "`--bot-url` calls a bot that already runs, as it is",
    options.BOT_COMMAND.name: "`--bot-command` starts no container",
    options.BOT_IMAGE.name: "`--bot-image` builds nothing and has no services",
    options.BOT_BUILD.name: "`--bot-build` pulls nothing and has no services",
    options.BOT_COMPOSE.name: "the Compose file says how its services run",
}


def unused(given: Given) -> list[str]:
    """Warnings of what was asked for in vain."""
    (launcher,) = given.chosen(options.LAUNCHERS)
    return [
        f"`--{setting.name}` is not used: {_BECAUSE[launcher.name]}."
        for setting in _UNUSED[launcher.name]
        if (said := given.said(setting)) is not None and said.source is Source.OPTION
    ]


def demo_bots(given: Given, faults: Sequence[str]) -> Bots:
    """The bot that comes along, healthy or not.

    Raises:
        UsageError: There is no such fault.
    """
    try:
        Faults(faults)
    except ValueError as error:
        raise UsageError(f"{error}.", fix="`--fault help` lists what there is.") from None
    words = [sys.executable, "-m", "pipecat_voice_test.demo.bot", "--host", "127.0.0.1", "--tell"]
    words += ["--port", "{port}", *(word for fault in faults for word in ("--fault", fault))]
    account_sid = run_account_sid(given.need(options.SEED))
    return Bots(lambda: CommandBot(shlex.join(words), account_sid=account_sid))


def bundled_scenarios() -> Path:
    """The example scenarios: inside an installed package, or in a checkout of the project."""
    package = Path(__file__).parents[1]
    for folder in (package / "demo" / "scenarios", package.parents[1] / "examples" / "scenarios"):
        if folder.is_dir():
            return folder
    raise UsageError(
        "the example scenarios are not there.", fix="install pipecat-voice-test again."
    )


def _variables(given: Given, environ: Mapping[str, str]) -> dict[str, str]:
    """What `--bot-env` sets; messages show names only, for values may be secrets."""
    variables: dict[str, str] = {}
    for text in given.each(options.BOT_ENV):
        name, equals, value = text.partition("=")
        if not name or "\0" in text:
            raise UsageError(
                "a `--bot-env` has no name before its `=`.", fix="say `--bot-env KEY=VALUE`."
            )
        if not equals and name not in environ:
            raise UsageError(
                f"`--bot-env {name}` passes on a variable that is not set here.",
                fix=f"set {name} first, or say `--bot-env {name}=VALUE`.",
            )
        variables[name] = value if equals else environ[name]
    return variables
