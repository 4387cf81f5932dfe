"""By which door callers come in is read from the options, and what does not fit is said."""

import sys
from collections.abc import Mapping

import pytest
from pipecat_voice_test.asked.entrance import entrance_of
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.doors.entrance import Entrance
from pipecat_voice_test.errors import UsageError

DUMMY = "0" * 32
TOKEN = "TWILIO_AUTH_TOKEN"


def entrance(environ: Mapping[str, str] | None = None, /, **options: str) -> Entrance:
    given = {name.replace("_", "-"): (value,) for name, value in options.items()}
    return entrance_of(Given(given, environ or {}), environ or {})


def test_without_options_it_is_the_plain_door_of_twilio() -> None:
    assert entrance() == Entrance(auth_token=DUMMY)


def test_p1_webhook_start_and_map_come_as_they_are_given() -> None:
    asked = entrance(
        bot_webhook="/voice", bot_start="http://web:8000/start", address_map="ws://bot:7860",
        keep_query="true",
    )  # fmt: skip

    assert asked == Entrance(
        webhook="/voice",
        start="http://web:8000/start",
        address_map="ws://bot:7860",
        keep_query=True,
        auth_token=DUMMY,
    )


@pytest.mark.parametrize(
    ("environ", "options", "token", "signed"),
    [
        pytest.param({}, {}, DUMMY, False, id="the-bots-dummy"),
        pytest.param({}, {"auth_token": "a"}, "a", True, id="ours"),
        pytest.param({}, {"bot_env": f"{TOKEN}=b"}, "b", True, id="that-of-the-bot"),
        pytest.param({TOKEN: "c"}, {"bot_env": TOKEN}, "c", True, id="one-passed-on"),
        pytest.param({TOKEN: "c"}, {}, DUMMY, False, id="not-one-the-bot-does-not-see"),
        pytest.param(
            {}, {"auth_token": "a", "bot_env": f"{TOKEN}=b"}, "a", True, id="ours-before-the-bots"
        ),
        pytest.param(
            {}, {"signature_url": "wss://bot.test/ws"}, DUMMY, True, id="an-address-is-signed"
        ),
        pytest.param({"PVT_AUTH_TOKEN": "d"}, {}, "d", True, id="from-our-environment"),
    ],
)
def test_p6_upgrades_are_signed_only_if_a_token_was_configured(
    environ: Mapping[str, str], options: Mapping[str, str], token: str, signed: bool
) -> None:
    asked = entrance(environ, **options)

    assert (asked.auth_token, asked.sign_upgrade) == (token, signed)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"bot_webhook": "voice"},
            "`--bot-webhook voice` is neither a path nor a web address.\n"
            "  Fix: say a path of the bot such as `/voice`, or `http://HOST:PORT/PATH`.",
            id="half-a-path",
        ),
        pytest.param(
            {"bot_start": "ws://bot/start"},
            "`--bot-start ws://bot/start` is neither a path nor a web address.\n"
            "  Fix: say a path of the bot such as `/voice`, or `http://HOST:PORT/PATH`.",
            id="a-stream",
        ),
        pytest.param(
            {"address_map": "bot:7860"},
            "`--address-map bot:7860` is no scheme, host and port.\n"
            "  Fix: say `ws://HOST:PORT`, or `keep` to call the addresses as they are given.",
            id="a-map-without-scheme",
        ),
        pytest.param(
            {"address_map": "ws://bot:7860/ws"},
            "`--address-map ws://bot:7860/ws` is no scheme, host and port.\n"
            "  Fix: say `ws://HOST:PORT`, or `keep` to call the addresses as they are given.",
            id="a-map-with-a-path",
        ),
        pytest.param(
            {"signature_url": "bot.test/ws"},
            "`--signature-url bot.test/ws` is no address.\n"
            "  Fix: say the address that the bot checks signatures with, such as `wss://HOST/ws`.",
            id="an-address-without-scheme",
        ),
        pytest.param(
            {"bot_webhook": "/voice", "bot_transport": "webrtc"},
            "`--bot-webhook` does not go with `--bot-transport webrtc`.\n"
            "  Fix: leave it out: nobody phones over WebRTC, so there are no call instructions.",
            id="a-webhook-for-webrtc",
        ),
        pytest.param(
            {"provider": "telnyx", "bot_transport": "webrtc"},
            "`--provider` does not go with `--bot-transport webrtc`.\n"
            "  Fix: leave it out: no telephone network lies between a WebRTC caller and the bot.",
            id="a-telephone-company-for-webrtc",
        ),
        pytest.param(
            {"audio_format": "mulaw", "bot_transport": "webrtc"},
            "`--audio-format` does not go with `--bot-transport webrtc`.\n"
            "  Fix: leave it out: WebRTC carries Opus.",
            id="a-format-for-webrtc",
        ),
        pytest.param(
            {"sample_rate": "8000", "bot_transport": "webrtc"},
            "`--sample-rate` does not go with `--bot-transport webrtc`.\n"
            "  Fix: leave it out: WebRTC carries Opus, at 48000 Hz.",
            id="a-rate-for-webrtc",
        ),
        pytest.param(
            {"bot_webhook": "/voice", "provider": "plivo"},
            "`--bot-webhook` does not go with `--provider plivo`.\n"
            "  Fix: leave it out and name the stream's path with `--bot-path`; call instructions\n"
            "       are understood as these give them: twilio, telnyx.",
            id="a-webhook-for-another-network",
        ),
    ],
)
def test_what_does_not_fit_is_said(options: Mapping[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        entrance(**options)

    assert str(caught.value) == message


def test_webrtc_is_asked_for_before_a_bot_is_started() -> None:
    assert entrance(bot_transport="webrtc") == Entrance(transport="webrtc", auth_token=DUMMY)


def test_webrtc_without_its_extra_is_said_before_a_bot_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pipecat_voice_test.call.webrtc.dial", None)

    with pytest.raises(UsageError) as caught:
        entrance(bot_transport="webrtc")

    assert caught.value.what == (
        "`--bot-transport webrtc` needs aiortc, which cannot be loaded here."
    )
    assert caught.value.fix == (
        "pip install 'pipecat-voice-test[webrtc]'; as an image, build ours with\n"
        "`--build-arg EXTRAS=webrtc`."
    )
