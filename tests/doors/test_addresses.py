"""P-1, P-2: where the addresses that a bot publishes are reached from here."""

import pytest
from pipecat_voice_test.doors.addresses import Address, AddressMap, BadAddress, StreamAddress

BOT = "ws://127.0.0.1:32768/media"
HERE = Address("http://127.0.0.1:32768/voice", "http://127.0.0.1:32768/voice")
PUBLIC = Address("https://bot.example.test/voice?a=1", "http://10.0.0.2:80/voice?a=1")


@pytest.mark.parametrize(
    ("written", "stream_to", "published", "reachable"),
    [
        pytest.param(
            "wss://bot.example.test/ws",
            None,
            "wss://bot.example.test/ws",
            "ws://127.0.0.1:32768/ws",
            id="a-public-name-is-the-bot",
        ),
        pytest.param(
            "wss://bot.example.test:8443/a/b%20c",
            None,
            "wss://bot.example.test:8443/a/b%20c",
            "ws://127.0.0.1:32768/a/b%20c",
            id="the-path-is-kept",
        ),
        pytest.param(
            "wss://None/ws",
            None,
            "wss://None/ws",
            "ws://127.0.0.1:32768/ws",
            id="pipecat-without-x",
        ),
        pytest.param(
            "wss://bot.example.test/ws",
            "keep",
            "wss://bot.example.test/ws",
            "wss://bot.example.test/ws",
            id="keep",
        ),
        pytest.param(
            "wss://bot.example.test/ws",
            "wss://[::1]:9",
            "wss://bot.example.test/ws",
            "wss://[::1]:9/ws",
            id="to-where-it-is-said",
        ),
        pytest.param(
            "stream/1",
            None,
            "ws://127.0.0.1:32768/stream/1",
            "ws://127.0.0.1:32768/stream/1",
            id="p63-relative-to-the-webhook",
        ),
        pytest.param(
            "wss://bot.example.test/ws#here",
            None,
            "wss://bot.example.test/ws",
            "ws://127.0.0.1:32768/ws",
            id="what-no-server-is-told",
        ),
    ],
)
def test_p1_where_a_stream_is_reached(
    written: str, stream_to: str | None, published: str, reachable: str
) -> None:
    assert AddressMap(BOT, stream_to).stream(written, HERE) == StreamAddress(published, reachable)


def test_p63_a_relative_stream_of_an_https_webhook_is_wss() -> None:
    address = AddressMap(BOT, "keep").stream("/ws", PUBLIC)

    assert address == StreamAddress("wss://bot.example.test/ws", "wss://bot.example.test/ws")


@pytest.mark.parametrize(
    ("keep", "published", "reachable", "query"),
    [
        (False, "wss://b.test/ws", "ws://127.0.0.1:32768/ws", "a=1&b"),
        (True, "wss://b.test/ws?a=1&b", "ws://127.0.0.1:32768/ws?a=1&b", ""),
    ],
    ids=["removed", "kept"],
)
def test_p2_the_query_of_a_stream_is_not_delivered(
    keep: bool, published: str, reachable: str, query: str
) -> None:
    address = AddressMap(BOT, keep_query=keep).stream("wss://b.test/ws?a=1&b", HERE)

    assert address == StreamAddress(published, reachable, query)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("https://b.test/ws", "is no address of a stream"),
        ("sip:b@b.test", "is no address of a stream"),
        ("wss:///ws", "is no address of a stream"),
        ("wss://b.test:port/ws", "is no address"),
        ("wss://[b.test/ws", "is no address"),
        ("wss://b.test/w s", "is no address"),
        ("wss://b.test/\x1b[31m", "is no address"),
    ],
)
def test_what_is_no_stream_says_so(written: str, why: str) -> None:
    with pytest.raises(BadAddress) as caught:
        AddressMap(BOT).stream(written, HERE)

    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("written", "base", "stream_to", "reachable"),
    [
        pytest.param("/next", HERE, None, "http://127.0.0.1:32768/next", id="a-path"),
        pytest.param("", PUBLIC, None, "http://10.0.0.2:80/voice?a=1", id="itself"),
        pytest.param("next?b=2", PUBLIC, None, "http://10.0.0.2:80/next?b=2", id="a-neighbour"),
        pytest.param(
            "https://bot.example.test/n", PUBLIC, "ws://b:1", "http://10.0.0.2:80/n", id="same-name"
        ),
        pytest.param(
            "https://public.example.test/n#x",
            HERE,
            None,
            "http://127.0.0.1:32768/n",
            id="a-public-name-is-where-instructions-came-from",
        ),
        pytest.param(
            "https://public.example.test/n", HERE, "wss://b:1", "https://b:1/n", id="or-where-said"
        ),
        pytest.param(
            "https://public.example.test/n",
            HERE,
            "keep",
            "https://public.example.test/n",
            id="or-kept",
        ),
        pytest.param("http://other:80/n", HERE, None, "http://other:80/n", id="a-container"),
        pytest.param("http://[::1]:5/n", HERE, None, "http://[::1]:5/n", id="an-address"),
    ],
)
def test_where_further_instructions_are_asked_for(
    written: str, base: Address, stream_to: str | None, reachable: str
) -> None:
    assert AddressMap(BOT, stream_to).web(written, base).reachable == reachable


@pytest.mark.parametrize("written", ["wss://b.test/", "https:///n", "mailto:a@b", "http://a b/"])
def test_what_is_no_web_address_says_so(written: str) -> None:
    with pytest.raises(BadAddress, match=r"^is no (web )?address$"):
        AddressMap(BOT).web(written, HERE)


@pytest.mark.parametrize(
    ("bot", "asked", "url"),
    [
        (BOT, "/voice?a=1", "http://127.0.0.1:32768/voice?a=1"),
        ("wss://bot.test/ws", "/", "https://bot.test/"),
        (BOT, "//evil.test/x", "http://127.0.0.1:32768//evil.test/x"),
        (BOT, "https://web.test/voice", "https://web.test/voice"),
    ],
)
def test_a_path_is_one_of_the_bot(bot: str, asked: str, url: str) -> None:
    assert AddressMap(bot).at_bot(asked) == Address(url, url)
