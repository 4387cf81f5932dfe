"""The bot that was asked for: which launcher, with which settings."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipecat_voice_test.bot.base import Bot
from pipecat_voice_test.bot.command import CommandBot
from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.command import options
from pipecat_voice_test.command.given import Given, Source
from pipecat_voice_test.demo.faults import Faults
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.identity import run_account_sid


def make_bot(given: Given, environ: Mapping[str, str] = os.environ) -> Bot:
    """The bot of exactly one of the launchers.

    Raises:
        UsageError: None or several were given, or their options are wrong.
    """
    chosen = given.chosen(options.LAUNCHERS)
    if not chosen:
        raise UsageError(
            "no bot was given.",
            fix="start yours with `--bot-command 'python bot.py --port {port}'`, or name one that\n"
            "already runs with `--bot-url ws://127.0.0.1:7860/ws`;\n"
            "`pipecat-voice-test demo` needs none.",
        )
    if len(chosen) > 1:
        names = " and ".join(f"`--{setting.name}`" for setting in chosen)
        raise UsageError(f"{names} were both given.", fix="give exactly one of them.")
    if chosen[0] is options.BOT_URL:
        return UrlBot(
            given.need(options.BOT_URL), start_timeout_s=given.need(options.START_TIMEOUT)
        )
    port = given.said(options.BOT_PORT)
    default = port is None or port.source is Source.DEFAULT
    return CommandBot(
        given.need(options.BOT_COMMAND),
        port=None if default else given.need(options.BOT_PORT),
        path=given.need(options.BOT_PATH),
        env=_variables(given, environ),
        start_timeout_s=given.need(options.START_TIMEOUT),
        account_sid=run_account_sid(given.need(options.SEED)),
    )


def unused(given: Given) -> list[str]:
    """Warnings of what was asked for in vain."""
    if given.chosen(options.LAUNCHERS) != [options.BOT_URL]:
        return []
    return [
        f"`--{setting.name}` is not used: `--bot-url` calls a bot that already runs, as it is."
        for setting in (options.BOT_PORT, options.BOT_PATH, options.BOT_ENV)
        if (said := given.said(setting)) is not None and said.source is Source.OPTION
    ]


def demo_bot(given: Given, faults: Sequence[str]) -> Bot:
    """The bot that comes along, healthy or not.

    Raises:
        UsageError: There is no such fault.
    """
    try:
        Faults(faults)
    except ValueError as error:
        raise UsageError(f"{error}.", fix="`--fault help` lists what there is.") from None
    words = [sys.executable, "-m", "pipecat_voice_test.demo.bot", "--host", "127.0.0.1"]
    words += ["--port", "{port}", *(word for fault in faults for word in ("--fault", fault))]
    return CommandBot(shlex.join(words), account_sid=run_account_sid(given.need(options.SEED)))


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
