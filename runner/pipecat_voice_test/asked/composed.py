"""A bot that is a service of a Compose file, as the options ask for it."""

import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.bot.compose import ComposeBot
from pipecat_voice_test.bot.contained import Premises
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.compose.file import ComposeFile
from pipecat_voice_test.engine.places.lodging import Lodging
from pipecat_voice_test.protocol.identity import run_account_sid


def compose_bots(
    given: Given, env: Mapping[str, str], *, fresh: bool, environ: Mapping[str, str] = os.environ
) -> Bots:
    """The bots of `--bot-compose`.

    Args:
        given: The options.
        env: What `--bot-env` sets.
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

    premises = Premises(lodge)
    numbers = count(1)

    def make() -> ComposeBot:
        return ComposeBot(
            file,
            premises,
            port=port,
            number=next(numbers),
            path=given.need(options.BOT_PATH),
            env=env,
            start_timeout_s=given.need(options.START_TIMEOUT),
            account_sid=run_account_sid(given.need(options.SEED)),
        )

    return Bots(make, fresh=fresh, clear_up=premises.close)
