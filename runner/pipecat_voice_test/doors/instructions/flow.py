"""A call goes through its instructions, as the network would have it (PROTOCOL 8).

Before the stream whatever leads nowhere is an error, for then there is no call. After it, nobody
is on the line whom it could hurt: it is a finding of the call.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.doors.addresses import Address, BadAddress
from pipecat_voice_test.doors.asking import (
    Network,
    WebhookReply,
    call_fields,
    shown_reply,
    shown_url,
)
from pipecat_voice_test.doors.door import CallFacts
from pipecat_voice_test.doors.instructions.words import (
    leads_astray,
    no_reply,
    no_stream,
    refused,
    too_many_redirects,
    unreadable,
)
from pipecat_voice_test.errors import BotError
from pipecat_voice_test.protocol.requests.call_api import Transfer
from pipecat_voice_test.protocol.requests.instructions import (
    Connect,
    Hangup,
    OneWay,
    PassedOver,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Verb,
    read_instructions,
)
from pipecat_voice_test.protocol.untrusted import Unreadable, quoted
from pipecat_voice_test.timeline import Event, Finding, Note, Severity
from pipecat_voice_test.web.client import AskFailed

MAX_REDIRECTS = 5  # P-60
MAX_WAIT_S = 60.0  # How long instructions may have a caller wait for the stream.
MAX_WAIT_AFTER_S = 10.0  # And how long we wait when the scenario is over.
# What nobody hears still takes its time: some 15 characters a second, and a file of unknown length.
SAY_S_PER_CHARACTER = 0.065
PLAY_S = 1.0


Passing = Pause | Say | Play | PassedOver | Redirect  # A call goes on after any of them.


@dataclass(frozen=True, slots=True)
class Source:
    """Where instructions come from.

    Attributes:
        address: What relative addresses in them are relative to.
        name: What messages call it.
    """

    address: Address
    name: str


class Flow:
    """One call's way through its instructions.

    Attributes:
        noticed: What happened on it, oldest first, for the records of the call.
        source: Where the instructions that are being run came from.
    """

    def __init__(self, facts: CallFacts, network: Network, clock: Clock, source: Source) -> None:
        self.noticed: list[Event] = []
        self.source = source
        self._facts = facts
        self._network = network
        self._clock = clock
        self._verbs: deque[Verb] = deque()
        self._asked: list[str] = []
        self._waited_s = 0.0
        self._one_way: str | None = None
        self._over_ms: float | None = None  # When the stream had ended; all before is time 0.

    # --- to the stream --------------------------------------------------------------------

    async def begin(self) -> None:
        """Ask the voice webhook, as for a call that rings; raises as `to_stream` does."""
        await self._ask(self.source.address, "POST", "ringing")

    async def to_stream(self) -> Connect:
        """Run the instructions until audio is to flow.

        Raises:
            WebhookReply: It comes to that in no way.
        """
        while self._verbs:
            verb = self._verbs.popleft()
            match verb:
                case Connect():
                    return verb
                case OneWay(url):
                    self._one_way = url
                    self._note(f"`Start` > `Stream` to {quoted(url)} is left out")
                case Hangup():
                    raise self._no_stream("hang up before any stream")
                case Reject(reason):
                    raise self._no_stream(f"turn the call away ({reason})")
                case _:
                    await self._run(verb, "ringing", MAX_WAIT_S)
        raise self._no_stream("end without a stream")

    # --- after the stream -----------------------------------------------------------------

    async def after_stream(self, connect: Connect, *, wait: bool) -> None:
        """Go on when the stream has ended (P-62); what goes wrong is a finding. Never raises.

        Args:
            connect: Whose stream it was.
            wait: Whether somebody is still on the line for whom time passes.
        """
        self._over_ms = self._clock.now_ms()
        try:
            if connect.action is not None:
                self._verbs.clear()
                address = self._resolved(connect.action)
                await self._ask(address, connect.method, "in-progress")
            await self._to_end(wait=wait)
        except BotError as error:
            self._found(error)

    async def go_on_with(self, transfer: Transfer) -> None:
        """Run new instructions in place of the old (P-50); never raises, as `after_stream`."""
        self._over_ms = self._clock.now_ms()
        try:
            self._verbs.clear()
            if transfer.url:
                address = self._resolved(transfer.url)
                await self._ask(address, transfer.method, "in-progress")
            else:
                self._read(transfer.instructions.encode("utf-8", "replace"), "")
            await self._to_end(wait=True)
        except BotError as error:
            self._found(error)

    async def _to_end(self, *, wait: bool) -> None:
        self._asked, self._waited_s = self._asked[-1:] or [self.source.name], 0.0
        while self._verbs:
            verb = self._verbs.popleft()
            match verb:
                case Connect(stream):
                    self._note(
                        f"`Connect` to another stream, {quoted(stream.url)}; here a call is held "
                        "on one stream only, so it ends"
                    )
                    return
                case OneWay(url):
                    self._note(f"`Start` > `Stream` to {quoted(url)} is left out")
                case Hangup() | Reject():
                    self._note(f"`{type(verb).__name__}` ends the call")
                    return
                case _:
                    await self._run(verb, "in-progress", MAX_WAIT_AFTER_S if wait else 0.0)

    # --- inside ---------------------------------------------------------------------------

    async def _run(self, verb: Passing, status: str, most_s: float) -> None:
        match verb:
            case Pause(length_s):
                self._note(f"`Pause` of {length_s:g} s")
                await self._wait(length_s, most_s)
            case Say(text):
                self._note(f"`Say` {quoted(text)}, which is not heard here")
                await self._wait(SAY_S_PER_CHARACTER * len(text), most_s)
            case Play(url):
                self._note(f"`Play` {quoted(url)}, which is not heard here")
                await self._wait(PLAY_S, most_s)
            case PassedOver(what):
                self._note(f"{what} is passed over here")
            case Redirect(url, method):
                await self._redirect(url, method, status)

    async def _wait(self, length_s: float, most_s: float) -> None:
        left_s = most_s - self._waited_s
        self._waited_s += length_s
        if length_s > left_s and most_s == MAX_WAIT_S:
            raise self._no_stream(f"keep the caller waiting for more than {most_s:.0f} s")
        if min(length_s, left_s) > 0:
            until_ms = self._clock.now_ms() + 1000.0 * min(length_s, left_s)
            await self._clock.sleep_until_ms(until_ms)

    async def _redirect(self, url: str, method: str, status: str) -> None:
        self._verbs.clear()
        if len(self._asked) > MAX_REDIRECTS:
            raise too_many_redirects(self._asked, MAX_REDIRECTS)
        address = self._resolved(url)
        self._note(f"`Redirect` to {shown_url(address.published)}")
        await self._ask(address, method, status)

    async def _ask(self, address: Address, method: str, status: str) -> None:
        """Get the next instructions, and note how that went."""
        began_ms = self._clock.now_ms()
        self._asked.append(address.published)
        name = shown_url(address.reachable)
        asked = f"Asked {method} {name} for call instructions"
        try:
            reply = await self._network.ask(address, method, call_fields(self._facts, status))
        except AskFailed as error:
            self.noticed.append(Note(self._at_ms(), f"{asked}: it {error.says}."))
            raise no_reply(name, error) from error
        took_ms = self._clock.now_ms() - began_ms
        text = f"{asked}: {reply.status} in {took_ms:.0f} ms, {len(reply.body)} bytes."
        self.noticed.append(Note(self._at_ms(), text))
        self.source = Source(address, name)
        if not reply.is_ok:
            raise refused(name, reply)
        self._read(reply.body, name, evidence=shown_reply(reply))

    def _read(self, body: bytes, name: str, *, evidence: str = "") -> None:
        try:
            self._verbs.extend(read_instructions(body))
        except Unreadable as error:
            raise unreadable(name, error, evidence) from error

    def _resolved(self, written: str) -> Address:
        try:
            return self._network.addresses.web(written, self.source.address)
        except BadAddress as error:
            raise leads_astray(self.source.name, written, error) from error

    def _no_stream(self, what: str) -> WebhookReply:
        return no_stream(self.source.name, what, self._one_way)

    def _note(self, what: str) -> None:
        self.noticed.append(Note(self._at_ms(), f"Call instructions: {what}."))

    def _at_ms(self) -> float:
        return 0.0 if self._over_ms is None else self._clock.now_ms() - self._over_ms

    def _found(self, error: BotError) -> None:
        message = f"{error.what} Fix: {' '.join(error.fix.split())}."
        self.noticed.append(Finding(self._at_ms(), error.kind, Severity.WARNING, message))


async def transferred(
    facts: CallFacts, network: Network, clock: Clock, transfer: Transfer
) -> Sequence[Event]:
    """Run new instructions when a bot had its call's stream ended for them (P-50). Never raises.

    Args:
        facts: Of the call.
        network: How the bot's servers are asked; a path is one of the bot.
        clock: Of the call.
        transfer: The new instructions, or where they are.

    Returns:
        What was noticed, at times from now on.
    """
    base = network.addresses.at_bot("/")
    flow = Flow(facts, network, clock, Source(base, shown_url(base.reachable)))
    await flow.go_on_with(transfer)
    return flow.noticed
