"""The door of a bot that is phoned by its number: call instructions say where the stream is (P-1).

The voice webhook is asked as the network asks it, for each call anew, and what it answers is done:
up to the stream before the call, and on from there when the call is over (P-42, P-62).
"""

from collections.abc import Sequence
from dataclasses import replace

from pipecat_voice_test.call.clock import Clock
from pipecat_voice_test.doors.addresses import Address, BadAddress, StreamAddress
from pipecat_voice_test.doors.asking import Network, WebhookReply, shown_url
from pipecat_voice_test.doors.direct import MakeWire
from pipecat_voice_test.doors.door import CallFacts, OpenLine
from pipecat_voice_test.doors.instructions.callbacks import StreamCallbacks
from pipecat_voice_test.doors.instructions.flow import Flow, Source
from pipecat_voice_test.doors.upgrade import Signing, dial_as
from pipecat_voice_test.errors import BotError, UsageError
from pipecat_voice_test.protocol.requests.call_api import Transfer
from pipecat_voice_test.protocol.requests.instructions import Connect, Stream
from pipecat_voice_test.protocol.untrusted import listed, quoted
from pipecat_voice_test.protocol.wire import Wire
from pipecat_voice_test.timeline import EndedBy, Event, Finding, Note, Severity

# Somebody else hung up, so the caller is on the line still.
_CALLER_STAYS = (EndedBy.BOT, EndedBy.BOT_ABNORMAL)


class WebhookDoor:
    """Asks a voice webhook for every call.

    Args:
        webhook: Its path at the bot, or its address.
        network: How it is asked.
        make_wire: Makes the provider's end of a call.
        signing: How the upgrade to the stream is signed; None to leave it unsigned (P-6).
    """

    def __init__(
        self,
        webhook: str,
        network: Network,
        make_wire: MakeWire,
        signing: Signing | None = None,
    ) -> None:
        address = network.addresses.at_bot(webhook)
        self._source = Source(address, shown_url(address.reachable))
        self._network = network
        self._make_wire = make_wire
        self._signing = signing

    async def open(self, facts: CallFacts, clock: Clock) -> OpenLine:
        """Ask for instructions and follow them to the stream.

        Raises:
            WebhookReply: They lead to none.
            BotError: The stream was not accepted.
            UsageError: The scenario asks for what the network cannot do.
        """
        self._make_wire(facts)  # What is wrong with the scenario itself is said first.
        flow = Flow(facts, self._network, clock, self._source)
        try:
            await flow.begin()
            connect = await flow.to_stream()
            return await self._connect(connect, flow, facts, clock)
        except BotError as error:
            error.noticed = (*flow.noticed, *error.noticed)
            raise

    async def _connect(
        self, connect: Connect, flow: Flow, facts: CallFacts, clock: Clock
    ) -> OpenLine:
        stream = connect.stream
        address = self._stream_address(stream, flow)
        wire = self._wire(stream, flow, facts)
        callbacks = self._callbacks(stream, flow, facts)
        try:
            dialled = await dial_as(address.published, address.reachable, clock, self._signing)
        except BotError as error:
            error.fix += (
                f"\n{flow.source.name} gave this address as {shown_url(address.published)}; "
                "`--address-map` says where it is reached"
            )
            callbacks.tell("stream-error", error.what)
            error.noticed = tuple(await callbacks.told())
            raise
        callbacks.tell("stream-started")

        async def after(ended_by: EndedBy) -> Sequence[Event]:
            lost = ended_by is EndedBy.BOT_ABNORMAL
            callbacks.tell(
                "stream-error" if lost else "stream-stopped",
                "The connection was lost without a close frame." if lost else "",
            )
            flow.noticed = []
            await flow.after_stream(connect, wait=ended_by in _CALLER_STAYS)
            return (*flow.noticed, *await callbacks.told())

        async def go_on_with(transfer: Transfer) -> Sequence[Event]:
            callbacks.tell("stream-stopped")
            flow.noticed = []
            await flow.go_on_with(transfer)
            return (*flow.noticed, *await callbacks.told())

        events = tuple(flow.noticed)
        return OpenLine(dialled.socket, wire, dialled.connect_ms, events, after, go_on_with)

    def _stream_address(self, stream: Stream, flow: Flow) -> StreamAddress:
        try:
            address = self._network.addresses.stream(stream.url, flow.source.address)
        except BadAddress as error:
            raise WebhookReply(
                f"Call instructions of {flow.source.name} have a `Stream` to {quoted(stream.url)}, "
                f"which {error}.",
                fix='say url="wss://HOST/PATH", with the bot\'s public name',
            ) from error
        told = f"Call instructions: `Connect` to {shown_url(address.published)}"
        if address.reachable != address.published:
            told += f", which is reached at {shown_url(address.reachable)}"
        if address.query:
            told += "; its query was removed"
            flow.noticed.append(_query_removed(address))
        flow.noticed.append(Note(0.0, f"{told}."))
        return address

    def _wire(self, stream: Stream, flow: Flow, facts: CallFacts) -> Wire:
        try:
            return self._make_wire(
                replace(facts, parameters={**facts.parameters, **stream.parameters})
            )
        except UsageError as error:
            raise WebhookReply(
                f"Call instructions of {flow.source.name} have a `Parameter` that the network "
                f"does not take: {error.what}",
                fix=error.fix,
            ) from error

    def _callbacks(self, stream: Stream, flow: Flow, facts: CallFacts) -> StreamCallbacks:
        address: Address | None = None
        if stream.status_callback is not None:
            try:
                address = self._network.addresses.web(stream.status_callback, flow.source.address)
            except BadAddress as error:
                text = f"`statusCallback` {quoted(stream.status_callback)} {error}; nobody is told."
                flow.noticed.append(Note(0.0, text))
        return StreamCallbacks(self._network, facts, address, stream.status_method, stream.name)


def _query_removed(address: StreamAddress) -> Finding:
    names = [pair.partition("=")[0] for pair in address.query.split("&")]
    return Finding(
        0.0,
        "query_removed",
        Severity.WARNING,
        f"the query of the stream's address {shown_url(address.published)} was removed, as the "
        f"network does not deliver it (in it: {listed(names)}). "
        "Fix: pass such values as `Parameter` elements of `Stream`, or say `--keep-query`.",
    )
