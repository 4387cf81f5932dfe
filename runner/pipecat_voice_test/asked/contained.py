"""Bots in containers, as the options ask for them."""

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.call_api import call_api_of, is_wanted
from pipecat_voice_test.asked.composed import compose_bots
from pipecat_voice_test.asked.credentials import Keys
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.options import Setting
from pipecat_voice_test.bot.contained import Premises
from pipecat_voice_test.bot.image import BotImage, ImageBot
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.engine.container import ContainerSpec
from pipecat_voice_test.engine.places.lodging import Lodging
from pipecat_voice_test.errors import UsageError


def contained_bots(given: Given, launcher: Setting[str], keys: Keys, *, fresh: bool) -> Bots:
    """The bots of `--bot-image`, `--bot-build` or `--bot-compose`.

    Raises:
        UsageError: Their options are wrong.
    """
    api = call_api_of(given, keys)
    if launcher is options.BOT_COMPOSE:
        return compose_bots(given, keys, api, fresh=fresh)
    network = given(options.BOT_NETWORK)
    premises = Premises(
        lambda engine: Lodging.prepare(engine, network),
        listen=None if api is None else api.listen,
        must_hear=is_wanted(given),
    )
    make = _image_bot(given, premises, _image(given, launcher), keys)
    return Bots(make, fresh=fresh, clear_up=premises.close, call_api=api)


def _image(given: Given, launcher: Setting[str]) -> BotImage:
    if launcher is options.BOT_BUILD:
        return BotImage.built(Path(given.need(options.BOT_BUILD)), given(options.BOT_DOCKERFILE))
    return BotImage.named(given.need(options.BOT_IMAGE), given.need(options.BOT_PULL))


def _image_bot(
    given: Given, premises: Premises, image: BotImage, keys: Keys
) -> Callable[[], ImageBot]:
    spec = ContainerSpec(
        image=image.name,
        port=given.need(options.BOT_PORT),
        env=keys.env,
        args=_words(given),
        user=given(options.BOT_USER) or "",
        memory_bytes=given.need(options.BOT_MEMORY),
        cpus=given.need(options.BOT_CPUS),
        pids=given.need(options.BOT_PIDS),
        read_only=given.flag(options.BOT_READ_ONLY),
        cap_add=given.each(options.BOT_CAP_ADD),
        add_hosts=_hosts(given),
    )
    return partial(
        ImageBot,
        spec,
        premises,
        image=image,
        path=given.need(options.BOT_PATH),
        start_timeout_s=given.need(options.START_TIMEOUT),
        account_sid=keys.account_sid,
        auth_token=keys.auth_token,
    )


def _words(given: Given) -> tuple[str, ...]:
    text = given(options.BOT_ARGS) or ""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        raise UsageError(
            f"`--bot-args {text}` has a quote that is not closed.", fix="close it."
        ) from None


def _hosts(given: Given) -> dict[str, str]:
    hosts: dict[str, str] = {}
    for text in given.each(options.BOT_ADD_HOST):
        name, colon, address = text.partition(":")
        if not (name and colon and address):
            raise UsageError(
                f"`--bot-add-host {text}` is not a name and an address.",
                fix="say `--bot-add-host NAME:IP`, or `NAME:host-gateway` for this machine.",
            )
        hosts[name] = address
    return hosts
