"""PROTOCOL 7: the three vectors, and what goes into a signature."""

import pytest
from pipecat_voice_test.protocol.requests.signature import signature

POST = {
    "To": "+18005551212",
    "Digits": "1234",
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "From": "+14158675309",
}


@pytest.mark.parametrize(
    ("token", "url", "fields", "expected"),
    [
        pytest.param(
            "12345",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            POST,
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
            id="a-form-post-in-any-order",
        ),
        pytest.param(
            "12345", "wss://bot.example.test/ws", None, "ZQQn6aQfbHxobW0aCBwU/NEnNCs=", id="upgrade"
        ),
        pytest.param(
            "test-auth-token",
            "wss://bot.example.test/ws",
            {},
            "BJA44Jdsm3ww2yZCevey6k4Jsxw=",
            id="another-token",
        ),
    ],
)
def test_p55_vectors(token: str, url: str, fields: dict[str, str] | None, expected: str) -> None:
    assert signature(token, url, fields) == expected


@pytest.mark.parametrize("text", ["ä €", "\ud800"], ids=["not-ascii", "half-a-pair"])
def test_p55_any_text_can_be_signed(text: str) -> None:
    assert signature(text, text, {text: text}) != signature(text, text)
