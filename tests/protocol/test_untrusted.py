"""What a stranger wrote is read strictly and shown harmlessly."""

import json

import pytest
from pipecat_voice_test.protocol.untrusted import (
    EXCERPT_BYTES,
    RepeatedKeys,
    excerpt,
    json_type,
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


@pytest.mark.parametrize(
    "text",
    [
        "[1,-7,0]",
        "[1.5,0.1,true,null]",
        f"[{'9' * 40}]",
        '{"a":[{}],"b":"1"}',
    ],
)
def test_what_is_to_be_repeated_keeps_its_numbers(text: str) -> None:
    read = read_json(text, to_repeat=True)

    assert json.dumps(read, separators=(",", ":")) == text


def test_even_what_is_to_be_repeated_may_hold_a_number_of_a_million_digits() -> None:
    assert read_json("[" + "9" * 1_000_000 + "]", to_repeat=True) == [float("inf")]


@pytest.mark.parametrize("to_repeat", [False, True])
def test_a_number_is_called_a_number(to_repeat: bool) -> None:
    assert json_type(read_json("1", to_repeat=to_repeat)) == "a number"


def test_a_number_of_a_million_digits_is_read() -> None:
    assert read_json("[" + "9" * 1_000_000 + "]") == [float("inf")]


def test_a_long_text_with_little_in_it_is_read() -> None:
    assert len(read_json('"' + "A" * 4_000_000 + '"')) == 4_000_000
