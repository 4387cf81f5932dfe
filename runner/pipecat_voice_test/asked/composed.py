"""A bot that is a service of a Compose file, as the options ask for it."""

import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.call_api import is_wanted
from pipecat_voice_test.asked.credentials import Keys
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.bot.compose import ComposeBot
from pipecat_voice_test.bot.contained import Premises
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.call_api.api import CallApi
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.compose.file import ComposeFile
from pipecat_voice_test.engine.places.lodging import Lodging


def compose_bots(
    given: Given,
    keys: Keys,
    api: CallApi | None,
    *,
    fresh: bool,
    environ: Mapping[str, str] = os.environ,
) -> Bots:
    """The bots of `--bot-compose`.

    Args:
        given: The options.
        keys: What the bot is given.
        api: Where it can hang up over HTTP, if anywhere.
        fresh: Whether every call has services of its own.
        environ: With which the variables of the Compose file are filled in.

    Raises:
        UsageError: The Compose file is not there.
    """
    port = given.need(options.BOT_PORT)
    file = ComposeFile(
        Path(given.need(options.BOT_COMPOSE)), given(options.BOT_SERVICE), port, environ
    )

    def lodge(engine: Engine) -> Lodging:
        return Lodging.prepare(engine, given(options.BOT_NETWORK) or file.wanted_network())

    listen = None if api is None else api.listen
    premises = Premises(lodge, listen=listen, must_hear=is_wanted(given))
    numbers = count(1)

    def make() -> ComposeBot:
        return ComposeBot(
            file,
            premises,
            port=port,
            number=next(numbers),
            path=given.need(options.BOT_PATH),
            env=keys.env,
            start_timeout_s=given.need(options.START_TIMEOUT),
            account_sid=keys.account_sid,
            auth_token=keys.auth_token,
        )

    return Bots(make, fresh=fresh, clear_up=premises.close, call_api=api)
