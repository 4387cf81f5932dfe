"""What the network is to do with a call: the XML that a webhook answers with (PROTOCOL 8).

Only verbs that matter to a caller who waits for a bot are played; all others are passed over, and
said so. Addresses come as they were written. The XML is a stranger's: it is read by expat without
any document type, so that nothing can be declared, fetched or blown up in it.

Source: https://www.twilio.com/docs/voice/twiml
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from pipecat_voice_test.protocol.untrusted import Unreadable, quoted

MAX_BYTES = 64 * 1024  # P-60
MAX_ELEMENTS = 500
MAX_DEPTH = 20
DEFAULT_PAUSE_S = 1.0
_ROOT = "Response"
_HTML = "is a page of HTML, not XML"


@dataclass(frozen=True, slots=True)
class Stream:
    """Where the call's audio goes, both ways.

    Attributes:
        url: As written; may be relative to the webhook (P-63).
        parameters: Become `start.customParameters`.
        status_callback: Is told how the stream fares (P-53); None if nobody is.
    """

    url: str
    name: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    status_callback: str | None = None
    status_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Connect:
    """Hold the stream until it ends; then ask `action`, or go on with the next verb (P-62)."""

    stream: Stream
    action: str | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class OneWay:
    """A stream that only listens: whatever the bot says on it is not heard."""

    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    length_s: float


@dataclass(frozen=True, slots=True)
class Say:
    text: str


@dataclass(frozen=True, slots=True)
class Play:
    url: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with the instructions found there; nothing after it is run."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Hangup:
    """The network ends the call."""


@dataclass(frozen=True, slots=True)
class Reject:
    """The network does not take the call; `reason` is `rejected` or `busy`."""

    reason: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """What the network would do and we do not; `what` is safe to print."""

    what: str


Verb = Connect | OneWay | Pause | Say | Play | Redirect | Hangup | Reject | PassedOver


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the XML: `text` is what stands directly in it."""

    name: str
    attributes: Mapping[str, str]
    children: Sequence["Element"]
    text: str


def read_instructions(body: bytes) -> tuple[Verb, ...]:
    """Read what a webhook answered.

    Raises:
        Unreadable: It is no XML, or no instructions, or asks for what cannot be; as the rest of
            a sentence that begins with "it", safe to print.
    """
    root = read_xml(body)
    if root.name != _ROOT:
        raise Unreadable(f"has the root {quoted(root.name)}, where `{_ROOT}` belongs")
    return tuple(_verb(element) for element in root.children)


def read_xml(body: bytes) -> Element:
    """Read XML that declares nothing; raises Unreadable as `read_instructions` does."""
    if len(body) > MAX_BYTES:
        raise Unreadable(f"is longer than {MAX_BYTES} bytes")
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
    except expat.ExpatError as error:
        if body.lstrip()[:14].lower() == b"<!doctype html":
            raise Unreadable(_HTML) from error
        reason = expat.ErrorString(error.code)
        where = f"line {error.lineno}, column {error.offset + 1}"
        raise Unreadable(f"is not XML ({reason} in {where})") from error
    except (LookupError, ValueError) as error:  # What it says of its encoding is not true.
        raise Unreadable("is not XML (its encoding is not known)") from error
    assert reader.root is not None  # Expat takes no document without.
    return reader.root


@dataclass
class _Open:
    """An element whose end has not come yet."""

    name: str
    attributes: Mapping[str, str]
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


class _Reader:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.CharacterDataHandler = self._text
        self.parser.EndElementHandler = self._end
        self.root: Element | None = None
        self._open: list[_Open] = []
        self._elements = 0

    def _doctype(self, name: str, *_: object) -> None:
        if name.lower() == "html":
            raise Unreadable(_HTML)
        raise Unreadable(
            "declares a document type; the network reads XML without one, so that no entities "
            "can be declared in it"
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise Unreadable(f"has more than {MAX_ELEMENTS} elements")
        if len(self._open) == MAX_DEPTH:
            raise Unreadable(f"is nested more than {MAX_DEPTH} elements deep")
        self._open.append(_Open(name, attributes))

    def _text(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def _end(self, _: str) -> None:
        done = self._open.pop()
        element = Element(done.name, done.attributes, done.children, "".join(done.texts).strip())
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element


def _verb(element: Element) -> Verb:
    attributes = element.attributes
    match element.name:
        case "Connect":
            return _connect(element)
        case "Start":
            return _start(element)
        case "Pause":
            return Pause(_seconds(attributes.get("length", "")))
        case "Say":
            return Say(" ".join(_all_text(element).split()))
        case "Play":
            return Play(element.text)
        case "Redirect":
            return Redirect(element.text, _method(attributes.get("method")))
        case "Hangup":
            return Hangup()
        case "Reject":
            return Reject("busy" if attributes.get("reason") == "busy" else "rejected")
        case name:
            return PassedOver(quoted(name))


def _connect(element: Element) -> Connect | PassedOver:
    streams = [child for child in element.children if child.name == "Stream"]
    if not streams:
        inside = ", ".join(quoted(child.name) for child in element.children[:3]) or "nothing"
        return PassedOver(f'"Connect" with {inside} in it')
    stream, attributes = streams[0], element.attributes
    if not stream.attributes.get("url", "").strip():
        raise Unreadable("has a `Stream` without `url`")
    action = attributes.get("action")
    return Connect(_stream(stream), action, _method(attributes.get("method")))


def _stream(element: Element) -> Stream:
    attributes = element.attributes
    parameters = {
        child.attributes["name"]: child.attributes.get("value", "")
        for child in element.children
        if child.name == "Parameter" and child.attributes.get("name")
    }
    return Stream(
        attributes["url"].strip(),
        attributes.get("name", ""),
        parameters,
        attributes.get("statusCallback") or None,
        _method(attributes.get("statusCallbackMethod")),
    )


def _start(element: Element) -> OneWay | PassedOver:
    for child in element.children:
        if child.name == "Stream":
            return OneWay(child.attributes.get("url", "").strip())
    return PassedOver(quoted(element.name))


def _all_text(element: Element) -> str:
    """Also what stands in SSML within; where between its elements does not matter here."""
    return " ".join([element.text, *map(_all_text, element.children)])


def _method(text: str | None) -> str:
    return "GET" if text is not None and text.strip().upper() == "GET" else "POST"


def _seconds(text: str) -> float:
    return float(text) if re.fullmatch(r"[0-9]{1,4}", text.strip(), re.ASCII) else DEFAULT_PAUSE_S
