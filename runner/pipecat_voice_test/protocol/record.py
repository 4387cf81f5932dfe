"""What a call leaves behind, within bounds.

A ten-minute call is kept whole. A bot that floods the line is kept up to the limits below;
what goes beyond is still counted, so no verdict depends on the limits.
"""

from dataclasses import dataclass, replace

from pipecat_voice_test.protocol.untrusted import excerpt, storable
from pipecat_voice_test.protocol.wire import (
    BotMessage,
    Clear,
    Complaint,
    Data,
    Gathered,
    Mark,
    Media,
    Observed,
    Rejected,
)
from pipecat_voice_test.timeline import (
    SAMPLE_RATE_HZ,
    Event,
    Finding,
    MessageReceived,
    MessageSent,
    Note,
    Severity,
)

MAX_RAW_BYTES = 64 << 20
MAX_BOT_EVENTS = 400_000  # A talkative bot makes 30 000 in ten minutes.
MAX_FINDINGS_PER_CASE = 1_000
MARK_NAME_CHARACTERS = 256
AFTER_THE_CALL = "after the call"


@dataclass(frozen=True, slots=True)
class FindingTally:
    """How often a bot made one mistake, and its first time.

    Mistakes that share a `kind` and `code` but differ in what is wrong have rows of their own.
    """

    kind: str
    code: int | None
    severity: Severity
    count: int
    first: Finding


class CallRecord:
    """The events, the audio and the findings of one call as they come up.

    Args:
        max_raw_bytes: How much of the bot's audio is kept in order of arrival.
        max_bot_events: How many events that the bot's messages cause are kept.
    """

    def __init__(
        self, *, max_raw_bytes: int = MAX_RAW_BYTES, max_bot_events: int = MAX_BOT_EVENTS
    ) -> None:
        self.events: list[Event] = []
        self.said = bytearray()
        self.raw = bytearray()
        self._max_raw_bytes = max_raw_bytes
        self._raw_full = False
        self._bot_events_left = max_bot_events
        self._tallies: dict[tuple[str, int | None, Severity, str], FindingTally] = {}
        self._last_size = 0

    @property
    def finding_counts(self) -> tuple[FindingTally, ...]:
        """One row for each mistake, in order of its first time; the counts are complete."""
        return tuple(self._tallies.values())

    def sent(
        self, at_ms: float, event: str, sequence: int | None, data: Data, detail: str = ""
    ) -> None:
        """One message of ours. Everything we send is ASCII, so its length is its size."""
        size_bytes = len(data)
        # Frames have one size for minutes: keep one number for them all, not thousands.
        if size_bytes == self._last_size:
            size_bytes = self._last_size
        self._last_size = size_bytes
        frames = data.frames if isinstance(data, Gathered) else None
        self.events.append(MessageSent(at_ms, event, sequence, size_bytes, detail, frames))

    def by_bot(self, event: Event) -> None:
        """An event that a message of the bot caused; beyond the limit it is dropped."""
        if self._bot_events_left > 0:
            self._bot_events_left -= 1
            self.events.append(event)
            if self._bot_events_left == 0:
                text = "The bot sent so many messages that the later ones are not listed."
                self.events.append(Note(event.at_ms, text))

    def received(
        self, parsed: BotMessage, message: str | bytes, at_ms: float, *, after_the_call: bool
    ) -> None:
        """One message of the bot, accepted or not, and what is to be said about it."""
        payload_bytes = 0
        match parsed:
            case Media(ulaw):
                event, detail, payload_bytes = "media", "", len(ulaw)
                self._keep_payload(ulaw, at_ms)
            case Mark(name):
                event, detail = "mark", mark_name(name)
            case Clear():
                event, detail = "clear", ""
            case Observed(event, detail):
                pass
            case Rejected(event, complaints):
                detail = f"ignored: {complaints[0].case}"
        if after_the_call:
            detail = AFTER_THE_CALL
        size_bytes = _size_bytes(message)
        self.by_bot(MessageReceived(at_ms, event, size_bytes, payload_bytes, detail))
        for complaint in parsed.complaints:
            self.complain(complaint, message, at_ms, after_the_call=after_the_call)

    def complain(
        self, complaint: Complaint, message: str | bytes, at_ms: float, *, after_the_call: bool
    ) -> None:
        """Count a complaint; the first of its case is kept with the start of the message."""
        # When nobody is on the line any more, nothing the bot sends can hurt a caller.
        severity = Severity.NOTE if after_the_call else complaint.severity
        finding = Finding(at_ms, complaint.kind, severity, complaint.message, complaint.code)
        self.finding(finding, complaint.case, message)

    def finding(self, finding: Finding, case: str, message: str | bytes = "") -> None:
        """Count a finding among those of its case."""
        key = (finding.kind, finding.code, finding.severity, case)
        tally = self._tallies.get(key)
        if tally is None:
            if message:
                finding = replace(finding, excerpt=excerpt(message))
            tally = FindingTally(finding.kind, finding.code, finding.severity, 0, finding)
        self._tallies[key] = replace(tally, count=tally.count + 1)
        if tally.count < MAX_FINDINGS_PER_CASE:
            self.events.append(finding)

    def _keep_payload(self, ulaw: bytes, at_ms: float) -> None:
        """Audio of the bot, heard or not, in order of arrival (P-72)."""
        room_bytes = self._max_raw_bytes - len(self.raw)
        self.raw += ulaw if len(ulaw) <= room_bytes else ulaw[:room_bytes]
        if len(ulaw) > room_bytes and not self._raw_full:
            self._raw_full = True
            kept_s = self._max_raw_bytes / SAMPLE_RATE_HZ
            text = f"The bot sent so much audio that bot_raw.wav ends after {kept_s:.0f} s."
            self.events.append(Note(at_ms, text))


def mark_name(name: str) -> str:
    """A mark's name as it is kept; it is echoed whole."""
    return storable(name, MARK_NAME_CHARACTERS)


def _size_bytes(message: str | bytes) -> int:
    if isinstance(message, bytes) or message.isascii():
        return len(message)
    return len(message.encode("utf-8", "replace"))
