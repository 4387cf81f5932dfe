"""Foreign text, made harmless for whoever reads it next.

Names come from a repository, messages and logs from a bot nobody trusts. Before they reach a
report they lose what could break the file (characters that XML or UTF-8 refuse), move a
terminal's cursor, speak to the CI system through its log, attach files of the bot's choosing,
or give a secret away.

Sources: https://www.w3.org/TR/xml/#charsets, ECMA-48 (escape sequences),
https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

LOG_TAIL_LINES = 50
LOG_TAIL_CHARACTERS = 16_384
LINE_CHARACTERS = 500
_PIECE_CHARACTERS = 65_536
_PARTS = 2048  # Of JSON, some 20 characters each.

_SURROGATES = re.compile("[\ud800-\udfff]")
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPE_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"  # colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*+(?:\x07|\x1b\\|\x9c)"  # titles, links
    r"|\x1b[ -/]*+[0-~]"
)
_JSON_KEEPS = re.compile("[\x7f-\x9f\u2028\u2029]")
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")
# An end may have escape sequences in it, which go first.
_ESCAPES_AND_ENDS = re.compile(
    f"(?P<end>\r(?:{_ESCAPE_SEQUENCES.pattern})*+\n?|[\n\u2028\u2029])|{_ESCAPE_SEQUENCES.pattern}"
)
# Control characters, and those that turn the direction of the text around them.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LINE_COMMAND = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
_ANYWHERE_COMMAND = re.compile(r"##(?=(?:vso|teamcity)?\[)")
_REPORT_MARKER = re.compile(r"\[\[(?=[^\S\n]{0,8}(?:ATTACHMENT|PROPERTY))", re.IGNORECASE)
# An underscore within a word is none of emphasis: `response_ms` stays as it is.
_MARKUP = re.compile(r"[\\`*\[\]<>#|~@&$]|:(?=//)|(?<=www)\.|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_LIST_MARKER = re.compile(r"^(\d{0,9})([-+=.)])(?=[-+=\s]|$)")  # Or a rule, or a heading's.

_MASK = "***"
_KEYED_SECRET = re.compile(
    r"((?:token|secret|password|passwd|pwd|api[_-]?key|access[_-]?key|signature|authorization"
    r"|credentials?|cookie|\bauth|\bkey|\bsig|\bjwt)"
    r"\\?[\"']?\s{0,4}[:=]\s{0,4}\\?[\"']?(?:(?:bearer|basic|digest|token)\s{1,4})?)"
    r"(?!VALUE(?:[`\s]|$))"  # our own advice: `--bot-env KEY=VALUE`
    r"[^\s\"'\\,;&<>{}\[\]]++",
    re.IGNORECASE,
)
_SECRET_IN_PATH = re.compile(r"(/(?:token|auth|key|secret)s?/)[^/\s?#\"'\\]++", re.IGNORECASE)
_SECRET_IN_HOST = re.compile(r"(://)[^/\s@?#\"'\\]{1,256}@")
_ACCOUNT = re.compile(r"\b(AC|SK)[0-9a-fA-F]{32}\b")
_BARE_SECRET = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-fA-F]{32}(?![0-9A-Za-z])"  # what an auth token looks like
    r"|\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"  # JWTs, and what Pipecat's /start hands out
    r"|\b(?:sk|pk|rk)[-_][\w-]{16,}"
    r"|\bgh[a-z]_[A-Za-z0-9]{20,}"
)


def valid_text(text: str) -> str:
    """Replace what UTF-8 cannot carry: halves of surrogate pairs."""
    return _SURROGATES.sub("\ufffd", text)


def xml_text(text: str) -> str:
    """Replace every character that XML 1.0 forbids; line ends become newlines."""
    return _NOT_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def json_text(document: dict[str, Any]) -> str:
    """Write strict JSON that every UTF-8 reader takes, and any terminal may show.

    Raises:
        ValueError: There is a figure in it that is none.
    """
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=2)
    parts = encoder.iterencode(document)
    blocks = iter(lambda: "".join(islice(parts, _PARTS)), "")
    return "".join(map(_kept_by_json, blocks)) + "\n"


def _kept_by_json(text: str) -> str:
    return _JSON_KEEPS.sub(lambda found: f"\\u{ord(found[0]):04x}", valid_text(text))


def encoded(text: str) -> Iterator[bytes]:
    """UTF-8, a piece at a time: no look at the whole of a long text keeps other threads waiting."""
    for start in range(0, len(text), _PIECE_CHARACTERS):
        yield valid_text(text[start : start + _PIECE_CHARACTERS]).encode()


def plain_text(text: str) -> str:
    """Keep what can be read and nothing that acts: no escapes, commands or report markers."""
    text = _LINE_ENDS.sub("\n", _ESCAPE_SEQUENCES.sub("", valid_text(text)))
    # Last, for taking characters away can put a command together.
    return _without_commands(_UNSEEN.sub("", text))


def line_starts(text: str) -> Iterator[int]:
    """Where in `text` each line of `plain_text(text)` begins, one after the other."""
    yield 0
    if not any(end in text for end in "\r\u2028\u2029"):
        yield from (end.end() for end in re.finditer("\n", text))
        return
    for found in _ESCAPES_AND_ENDS.finditer(text):
        if found["end"]:
            yield found.end()


def _without_commands(text: str) -> str:
    text = _LINE_COMMAND.sub(r"\1: ", text)
    text = _ANYWHERE_COMMAND.sub("# #", text)
    return _REPORT_MARKER.sub("[ [", text)


def one_line(text: str, limit: int = LINE_CHARACTERS) -> str:
    """Put plain text on one line of at most `limit` characters and a note of what is left out."""
    seen = text[: 4 * limit]  # Enough to fill the line, however long the text is.
    line = " ".join(plain_text(seen).split())
    if len(seen) == len(text) and len(line) <= limit:
        return line
    return f"{line[:limit]}… ({len(text)} characters)"


def shortened(text: str, limit: int) -> str:
    """Cut after `limit` characters and say so."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def markdown_text(text: str, limit: int = LINE_CHARACTERS) -> str:
    """Put foreign text on one line of Markdown as itself: no markup, no links, no mentions."""
    line = _MARKUP.sub(lambda found: f"&#{ord(found[0])};", one_line(text, limit))
    return _LIST_MARKER.sub(lambda found: f"{found[1]}&#{ord(found[2])};", line)


def log_tail(log: str, lines: int = LOG_TAIL_LINES) -> list[str]:
    """Take the last lines of what a bot printed, as plain text of bounded size."""
    end = log[-LOG_TAIL_CHARACTERS:]
    if len(end) < len(log):
        end = end.partition("\n")[2] or end
    tail = masked(plain_text(end)).rstrip("\n")
    return [shortened(line, LINE_CHARACTERS) for line in tail.split("\n")[-lines:]] if tail else []


def masked(text: str) -> str:
    """Hide credentials: by the name beside them, their place in a URL, or their look.

    Ids of calls and streams stay, so that a log line of the bot can be matched to a call (P-12).
    """
    text = _SECRET_IN_HOST.sub(rf"\1{_MASK}@", text)
    text = _KEYED_SECRET.sub(rf"\1{_MASK}", text)
    text = _SECRET_IN_PATH.sub(rf"\1{_MASK}", text)
    return _BARE_SECRET.sub(_MASK, _ACCOUNT.sub(rf"\1{_MASK}", text))
