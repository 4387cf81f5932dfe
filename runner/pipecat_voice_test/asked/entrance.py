"""The door that was asked for."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.options import Setting
from pipecat_voice_test.bot.command import DUMMY_AUTH_TOKEN
from pipecat_voice_test.doors.addresses import KEEP
from pipecat_voice_test.doors.entrance import Entrance
from pipecat_voice_test.doors.profiles import wire_maker
from pipecat_voice_test.doors.webrtc import check_installed
from pipecat_voice_test.errors import UsageError

TOKEN_VARIABLE = "TWILIO_AUTH_TOKEN"
# Whose instructions are Twilio's own, or the same XML under another name.
_WITH_WEBHOOK = ("twilio", "telnyx")
WEBRTC = "webrtc"
_NOT_OVER_WEBRTC: tuple[tuple[Setting[Any], str], ...] = (
    (options.BOT_WEBHOOK, "nobody phones over WebRTC, so there are no call instructions"),
    (options.PROVIDER, "no telephone network lies between a WebRTC caller and the bot"),
    (options.AUDIO_FORMAT, "WebRTC carries Opus"),
    (options.SAMPLE_RATE, "WebRTC carries Opus, at 48000 Hz"),
)


def entrance_of(given: Given, environ: Mapping[str, str] = os.environ) -> Entrance:
    """How callers come in.

    Raises:
        UsageError: The options do not go together, or this door is not built.
    """
    if given.need(options.BOT_TRANSPORT) == WEBRTC:
        _check_webrtc(given)
    token = auth_token_given(given, environ)
    entrance = Entrance(
        provider=given.need(options.PROVIDER),
        transport=given.need(options.BOT_TRANSPORT),
        audio_format=given(options.AUDIO_FORMAT),
        sample_rate_hz=given(options.SAMPLE_RATE),
        webhook=_web(given, options.BOT_WEBHOOK),
        start=_web(given, options.BOT_START),
        address_map=_target(given),
        keep_query=given.flag(options.KEEP_QUERY),
        auth_token=token or DUMMY_AUTH_TOKEN,
        sign_upgrade=token is not None or given(options.SIGNATURE_URL) is not None,
        signature_url=_signature_url(given),
    )
    wire_maker(entrance.provider, entrance.audio_format, entrance.sample_rate_hz)
    _check_webhook(entrance)
    return entrance


def auth_token_given(given: Given, environ: Mapping[str, str] = os.environ) -> str | None:
    """The token that the network shares with the bot: ours, else what the bot is given (P-52)."""
    token = given(options.AUTH_TOKEN)
    if token:
        return token
    for text in given.each(options.BOT_ENV):
        name, equals, value = text.partition("=")
        if name == TOKEN_VARIABLE:
            token = value if equals else environ.get(name)
    return token or None


def _web(given: Given, setting: Setting[str]) -> str | None:
    """A path of the bot, or a web address."""
    text = given(setting)
    if not text:
        return None
    if not (text.startswith("/") or _is_address(text, ("http", "https"))):
        raise UsageError(
            f"`--{setting.name} {text}` is neither a path nor a web address.",
            fix="say a path of the bot such as `/voice`, or `http://HOST:PORT/PATH`.",
        )
    return text


def _target(given: Given) -> str | None:
    text = given(options.ADDRESS_MAP)
    if not text or text == KEEP:
        return text or None
    if not _is_address(text, ("ws", "wss")) or urlsplit(text).path not in ("", "/"):
        raise UsageError(
            f"`--{options.ADDRESS_MAP.name} {text}` is no scheme, host and port.",
            fix="say `ws://HOST:PORT`, or `keep` to call the addresses as they are given.",
        )
    return text


def _signature_url(given: Given) -> str | None:
    text = given(options.SIGNATURE_URL)
    if text and not _is_address(text, ("ws", "wss", "http", "https")):
        raise UsageError(
            f"`--{options.SIGNATURE_URL.name} {text}` is no address.",
            fix="say the address that the bot checks signatures with, such as `wss://HOST/ws`.",
        )
    return text or None


def _is_address(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return whole and text.isprintable() and " " not in text


def _check_webrtc(given: Given) -> None:
    """Whether WebRTC works here, and nothing is asked for that only telephones have."""
    for setting, because in _NOT_OVER_WEBRTC:
        if given(setting) not in (None, setting.default):
            raise UsageError(
                f"`--{setting.name}` does not go with `--bot-transport webrtc`.",
                fix=f"leave it out: {because}.",
            )
    check_installed()


def _check_webhook(entrance: Entrance) -> None:
    """Whether the one who phones asks webhooks at all, in the way that we do."""
    if entrance.webhook is None:
        return
    if entrance.provider not in _WITH_WEBHOOK:
        raise UsageError(
            f"`--{options.BOT_WEBHOOK.name}` does not go with `--provider {entrance.provider}`.",
            fix="leave it out and name the stream's path with `--bot-path`; call instructions\n"
            f"are understood as these give them: {', '.join(_WITH_WEBHOOK)}.",
        )
