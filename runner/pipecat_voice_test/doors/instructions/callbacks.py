"""The network tells a bot's server how its stream fares, if the instructions ask for it (P-53)."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from pipecat_voice_test.doors.addresses import Address
from pipecat_voice_test.doors.asking import Network, shown_url
from pipecat_voice_test.doors.door import CallFacts
from pipecat_voice_test.timeline import Event, Note
from pipecat_voice_test.web.client import AskFailed

CALLBACK_S = 5.0  # Nobody waits for it while the call goes on.


class StreamCallbacks:
    """Tells in the background, in order; the call does not wait for it.

    Args:
        address: Who is told; None if nobody is.
        method: `POST` or `GET`.
        name: What the instructions call the stream, if they do.
    """

    def __init__(
        self, network: Network, facts: CallFacts, address: Address | None, method: str, name: str
    ) -> None:
        self._network = network
        self._address = address
        self._method = method
        self._fields = {
            "AccountSid": facts.identity.account_sid,
            "CallSid": facts.identity.call_sid,
            "StreamSid": facts.identity.stream_sid,
            "StreamName": name or facts.identity.stream_sid,
        }
        self._noticed: list[Event] = []
        self._last: asyncio.Task[None] | None = None

    def tell(self, event: str, error: str = "") -> None:
        """Begin to tell of `stream-started`, `stream-stopped` or `stream-error`."""
        if self._address is None:
            return
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        fields = {
            **self._fields,
            "StreamEvent": event,
            "StreamError": error,
            "Timestamp": moment.replace("+00:00", "Z"),
        }
        self._last = asyncio.create_task(self._tell(self._address, fields, self._last))

    async def told(self) -> Sequence[Event]:
        """Wait until all has been told; what was noticed. Takes 5 s for each at the most."""
        if self._last is not None:
            await self._last
        noticed, self._noticed = self._noticed, []
        return noticed

    async def _tell(
        self, address: Address, fields: dict[str, str], before: "asyncio.Task[None] | None"
    ) -> None:
        if before is not None:
            await before
        what = f"{fields['StreamEvent']} was told to {shown_url(address.reachable)}"
        try:
            reply = await self._network.ask(address, self._method, fields, timeout_s=CALLBACK_S)
        except AskFailed as error:
            text = f"{what}, which {error.says}."
        else:
            text = f"{what}: {reply.status}."
        self._noticed.append(Note(0.0, text))
