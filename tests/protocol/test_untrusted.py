"""What a stranger wrote is read strictly and shown harmlessly."""

import pytest
from pipecat_voice_test.protocol.untrusted import (
    EXCERPT_BYTES,
    RepeatedKeys,
    excerpt,
    quoted,
    read_json,
    storable,
)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        pytest.param("plain text", "plain text", id="text-as-it-is"),
        pytest.param("é漢", "é漢", id="letters-of-any-script"),
        pytest.param("a\n::error::b\x1b[31m", "a\\n::error::b\\x1b[31m", id="no-line-breaks"),
        pytest.param("\u202eabc\u2028", "\\u202eabc\\u2028", id="no-reversed-writing"),
        pytest.param("a\ud800b", "a?b", id="no-half-characters"),
        pytest.param(b"\x00\xffabc", "\\x00\\xffabc", id="bytes"),
        pytest.param("x" * 600, "x" * EXCERPT_BYTES, id="512-bytes-of-text"),
        pytest.param(b"x" * 600, "x" * EXCERPT_BYTES, id="512-bytes-of-bytes"),
        pytest.param("é" * 600, "é" * (EXCERPT_BYTES // 2), id="bytes-not-characters"),
    ],
)
def test_excerpt_shows_the_beginning_of_a_message(message: str | bytes, shown: str) -> None:
    assert excerpt(message) == shown


def test_a_long_name_is_quoted_in_short() -> None:
    assert quoted("x" * 61) == f'"{"x" * 60}…"'


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("short", "short"),
        ("x" * 10, "x" * 10),
        ("x" * 11, "x" * 9 + "…"),
        ("\ud800", "?"),
        ("a\nb", "a\nb"),
    ],
)
def test_a_name_is_stored_as_valid_unicode_of_bounded_length(text: str, stored: str) -> None:
    assert storable(text, 10) == stored


def test_a_key_given_twice_is_noticed_at_any_depth() -> None:
    read = read_json('{"a": {"b": 1, "b": 2}}')

    assert not isinstance(read, RepeatedKeys)
    assert isinstance(read["a"], RepeatedKeys)
    assert read == {"a": {"b": 2}}


def test_a_number_of_a_million_digits_is_read() -> None:
    assert read_json("[" + "9" * 1_000_000 + "]") == [float("inf")]


def test_a_long_text_with_little_in_it_is_read() -> None:
    assert len(read_json('"' + "A" * 4_000_000 + '"')) == 4_000_000
