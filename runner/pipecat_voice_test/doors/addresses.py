"""Addresses a bot gives to the network, and where they can be reached from here (P-1, P-2).

A bot names itself as the public network knows it, and in CI there is no such name. What it says
is what signatures are made of; where it is reached is another matter, and `AddressMap` knows.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

KEEP = "keep"
_TO_WEB = {"ws": "http", "wss": "https"}
_TO_STREAM = {web: stream for stream, web in _TO_WEB.items()}


class BadAddress(ValueError):
    """Why an address cannot be used, as the rest of a sentence that begins with it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Two names of one thing.

    Attributes:
        published: As the bot says it; what signatures are made of.
        reachable: Where it is found from here.
    """

    published: str
    reachable: str


@dataclass(frozen=True, slots=True)
class StreamAddress(Address):
    """Where a stream leads.

    Attributes:
        query: What was cut off, because the network does not deliver it (P-2).
    """

    query: str = ""


@dataclass(frozen=True, slots=True)
class AddressMap:
    """Where what a bot publishes is reached.

    Attributes:
        bot_url: Its media WebSocket (`ws://…`, `wss://…`).
        stream_to: None for the bot's own address, `keep` for what it says, else the scheme, host
            and port that take the place of those it says.
        keep_query: Whether to connect with the query of a stream's address.
    """

    bot_url: str
    stream_to: str | None = None
    keep_query: bool = False

    def at_bot(self, path_or_address: str) -> Address:
        """The web address of a path of the bot; an address stays as it is."""
        if not path_or_address.startswith("/"):
            return Address(path_or_address, path_or_address)
        bot = urlsplit(self.bot_url)
        # `//` at the beginning of a path would make a host of it.
        url = f"{_TO_WEB[bot.scheme]}://{bot.netloc}{path_or_address}"
        return Address(url, url)

    def stream(self, written: str, base: Address) -> StreamAddress:
        """Where the stream leads that instructions or a start endpoint at `base` name.

        Raises:
            BadAddress: It is none of a stream.
        """
        said = _joined(base.published, written)
        if said.scheme in _TO_STREAM and "://" not in written:
            said = said._replace(scheme=_TO_STREAM[said.scheme])
        if said.scheme not in _TO_WEB or not said.hostname:
            raise BadAddress("is no address of a stream")
        query = "" if self.keep_query else said.query
        said = said._replace(fragment="", query="" if query else said.query)
        target = said if self.stream_to == KEEP else urlsplit(self.stream_to or self.bot_url)
        reachable = said._replace(scheme=target.scheme, netloc=target.netloc)
        return StreamAddress(urlunsplit(said), urlunsplit(reachable), query)

    def web(self, written: str, base: Address) -> Address:
        """Where to ask for what instructions at `base` name, such as further instructions.

        A public name is as little to be found from here as that of a stream: it is taken for
        another name of where the instructions came from.

        Raises:
            BadAddress: It is no web address.
        """
        said = _joined(base.published, written)
        if said.scheme not in _TO_STREAM or not said.hostname:
            raise BadAddress("is no web address")
        said = said._replace(fragment="")
        origin = urlsplit(base.published)
        known = (said.scheme, said.netloc) == (origin.scheme, origin.netloc)
        if not known and (self.stream_to == KEEP or _is_private(said.hostname or "")):
            return Address(urlunsplit(said), urlunsplit(said))
        target = urlsplit(base.reachable)
        if not known and self.stream_to is not None:
            given = urlsplit(self.stream_to)
            target = given._replace(scheme=_TO_WEB[given.scheme])
        reachable = said._replace(scheme=target.scheme, netloc=target.netloc)
        return Address(urlunsplit(said), urlunsplit(reachable))


def _joined(base: str, written: str) -> SplitResult:
    try:
        url = urljoin(base, written)
        parts = urlsplit(url)
        well_formed = parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        well_formed = False
    if not well_formed:
        raise BadAddress("is no address")
    return parts


def _is_private(host: str) -> bool:
    """Whether a name means something here: no public one, but an address or a container's name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." not in host
    return True
