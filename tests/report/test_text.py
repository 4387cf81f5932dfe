"""Foreign text acts on nobody: not on a terminal, a CI system, a report, or a secret's owner."""

import pytest
from pipecat_voice_test.report.text import (
    log_tail,
    markdown_text,
    masked,
    one_line,
    plain_text,
    valid_text,
    xml_text,
)

SID = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        pytest.param("\x1b[1;31mred\x1b[0m", "red", id="colours"),
        pytest.param("a\x1b[2J\x1b[Hb", "ab", id="clear-screen"),
        pytest.param("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link", "alink", id="titles-and-links"),
        pytest.param("\x9b31mred \x90q\x9cx", "red x", id="eight-bit-controls"),
        pytest.param("\x1b\x1b[0m[31mx", "[31mx", id="taken-apart-and-put-together"),
        pytest.param("\x1b]unfinished\nnext", "unfinished\nnext", id="an-unfinished-title"),
        pytest.param("\x1b(Bx\x1bcy", "xy", id="other-escapes"),
        pytest.param("50 %\r100 %\r\ndone", "50 %\n100 %\ndone", id="carriage-returns"),
        pytest.param("a\x00b\x08c\x7fd\te", "abcd\te", id="control-characters"),
        pytest.param("a\u202eb\u2066c", "abc", id="turned-direction"),
        pytest.param("שלום عالم", "שלום عالم", id="right-to-left-is-text"),
        pytest.param("a\udc80b", "a\ufffdb", id="half-a-pair"),
        pytest.param("::error::x", ": :error::x", id="workflow-command"),
        pytest.param("a\n \t::set-output", "a\n \t: :set-output", id="indented-workflow-command"),
        pytest.param(":\x00:stop", ": :stop", id="hidden-workflow-command"),
        pytest.param("a\u2028::x", "a\n: :x", id="after-a-line-separator"),
        pytest.param("a::b std::string", "a::b std::string", id="colons-within-a-line"),
        pytest.param("x ##[group]", "x # #[group]", id="old-workflow-command"),
        pytest.param("##vso[x] ##teamcity[y]", "# #vso[x] # #teamcity[y]", id="other-ci-systems"),
        pytest.param("## heading [[1, 2]]", "## heading [[1, 2]]", id="harmless-marks"),
    ],
)
def test_plain_text(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\x00\x0b\x1b\ud800\ufffe\uffff", "\ufffd" * 6),
        ("tab\t and\nlines\r\n\r", "tab\t and\nlines\n\n"),
        ("]]> <&> \U0001f600 \x85", "]]> <&> \U0001f600 \x85"),
    ],
    ids=["forbidden", "line-ends", "allowed"],
)
def test_xml_text(text: str, clean: str) -> None:
    assert xml_text(text) == clean


def test_valid_text_keeps_everything_but_halves_of_pairs() -> None:
    assert valid_text("\x00\ud83d\ude00\udcff\U0001f600") == "\x00\ufffd\ufffd\ufffd\U0001f600"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a\n  b\tc ", "a b c", id="one-line"),
        pytest.param("x" * 10, "x" * 10, id="at-the-limit"),
        pytest.param("x" * 11, "x" * 10 + "… (11 characters)", id="beyond"),
        pytest.param(" " * 100 + "x", "… (101 characters)", id="only-the-beginning-is-read"),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text, 10) == line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", "a &#124; b"),
        ("<img src=x>", "&#60;img src=x&#62;"),
        (
            "&lt; `code` *b* _i_ ~s~",
            "&#38;lt; &#96;code&#96; &#42;b&#42; &#95;i&#95; &#126;s&#126;",
        ),
        ("[a](http://x.y)", "&#91;a&#93;(http&#58;//x.y)"),
        ("www.x.y @me #1 $x$", "www&#46;x.y &#64;me &#35;1 &#36;x&#36;"),
        ("turn 3 (line 21): response was 2210 ms", "turn 3 (line 21): response was 2210 ms"),
        pytest.param("--- passed", "&#45;-- passed", id="a-rule-at-the-beginning"),
        pytest.param("=== ", "&#61;==", id="an-underline"),
        pytest.param("- x", "&#45; x", id="an-item"),
        pytest.param("12. x", "12&#46; x", id="a-numbered-item"),
        pytest.param("-12.5 s, 1.5 s - 2", "-12.5 s, 1.5 s - 2", id="figures-stay"),
    ],
)
def test_markdown_shows_text_as_it_is(text: str, shown: str) -> None:
    assert markdown_text(text) == shown


@pytest.mark.parametrize(
    ("log", "tail"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("\n\n", [], id="blank"),
        pytest.param("a\nb", ["a", "b"], id="without-a-last-line-end"),
        pytest.param("\x1b[31ma\x1b[0m\r\nb\n", ["a", "b"], id="escapes"),
        pytest.param("old\n" * 60 + "new\n", ["old"] * 49 + ["new"], id="the-last-50"),
        pytest.param("secret=abc\n", ["secret=***"], id="secrets"),
        pytest.param("x" * 600, ["x" * 500 + "… (600 characters)"], id="a-long-line"),
        pytest.param("y" * 20_000 + "\nend", ["end"], id="half-a-line-is-left-out"),
    ],
)
def test_log_tail(log: str, tail: list[str]) -> None:
    assert log_tail(log) == tail


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wss://b.test/ws?token=abc&x=1", "wss://b.test/ws?token=***&x=1"),
        ("wss://b.test/ws?a=1&access_token=abc", "wss://b.test/ws?a=1&access_token=***"),
        ("wss://b.test/token/abc/ws", "wss://b.test/token/***/ws"),
        ("https://me:pw@b.test/", "https://***@b.test/"),
        ("X-Twilio-Signature: ZQQn6aQfbHxobW0aCBwU/NEnNCs=", "X-Twilio-Signature: ***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ('{"authToken": "abc", "n": 1}', '{"authToken": "***", "n": 1}'),
        (r"{\"token\":\"abc\"}", r"{\"token\":\"***\"}"),
        ("TWILIO_AUTH_TOKEN=abc OPENAI_API_KEY=def", "TWILIO_AUTH_TOKEN=*** OPENAI_API_KEY=***"),
        (f"account AC{SID}, key SK{SID}", "account AC***, key SK***"),
        (f"bare {SID}.", "bare ***."),
        (f"stream MZ{SID} call CA{SID}", f"stream MZ{SID} call CA{SID}"),
        ("sk-abcdefghijklmnopqrst", "***"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x-y", "***"),
        (f"GET /ws/eyJleHAiOiAxNzB9.{'0a' * 32} 101", "GET /ws/*** 101"),
        ("say `--bot-env KEY=VALUE`, KEY=VALUE2", "say `--bot-env KEY=VALUE`, KEY=***"),
        ("128 tokens, keyword x, turn 3: response", "128 tokens, keyword x, turn 3: response"),
    ],
)
def test_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize("unit", ["\x1b[", "\x1b]", "[[", "token", "a.", "://", "eyJa.", "/token"])
def test_a_megabyte_built_to_be_slow_is_still_read(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))

    assert "\x1b" not in masked(plain_text(text))
