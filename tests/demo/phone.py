"""A phone on a clock that jumps: frames in every 20 ms, messages out, heard as P-35…P-37 say."""

from dataclasses import dataclass, field

from pipecat_voice_test.demo.acts import Clear, Close, Log, Mark, Send
from pipecat_voice_test.demo.background import Background
from pipecat_voice_test.demo.brain import Brain
from pipecat_voice_test.demo.clips import Voice
from pipecat_voice_test.demo.ear import loud_ms
from pipecat_voice_test.demo.faults import Manners
from pipecat_voice_test.demo.mouth import Mouth

FRAME_MS = 20
QUIET = b"\xff" * 8
HISS = bytes([0xA0, 0x20] * 4)  # As loud, and crosses zero with every sample.
LOUD = bytes([0xA0] * 4 + [0x20] * 4)  # 1 kHz at about -16 dBov.


@dataclass
class Call:
    """What the caller lived through. Spans are `(start, end)` in milliseconds."""

    heard: bytearray = field(default_factory=bytearray)  # μ-law.
    clears_ms: list[float] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    closed: tuple[int, float] | None = None
    unheard_ms: float = 0.0
    most_ahead_ms: float = 0.0
    dry_ms: list[int] = field(default_factory=list)

    def spans(self, join_ms: int = 200) -> list[tuple[int, int]]:
        """Where the caller heard voice, closer stretches joined."""
        found: list[tuple[int, int]] = []
        for at, loud in enumerate(loud_ms(self.heard)):
            if loud and found and at - found[-1][1] < join_ms:
                found[-1] = (found[-1][0], at + 1)
            elif loud:
                found.append((at, at + 1))
        return found

    def times_of(self, event: str) -> list[dict[str, float]]:
        return [log.times_ms for log in self.logs if log.event == event]


def phone(
    voice: Voice,
    manners: Manners,
    says: list[tuple[int, int]],
    *,
    for_ms: int,
    portion_ms: float | None = 20,
    keys: dict[int, str] | None = None,
    coughs: tuple[tuple[int, int], ...] = (),
    background: Background | None = None,
) -> Call:
    """Call a brain: loud in the spans of `says`, quiet elsewhere, pressing `keys` at their time.

    The caller coughs in the spans of `coughs`.
    """
    call = Call()
    brain = Brain(manners, voice, Mouth(portion_ms, background, slowness=manners.slowness))
    ear = bytearray()  # What the caller will hear, from `played` on.
    marks: list[tuple[int, str]] = []
    for now in range(for_ms):
        if now and now % FRAME_MS == 0:
            brain.hear(_frame(now - FRAME_MS, says, coughs), now)
        if keys and now in keys:
            brain.press(keys[now], now)
        for name in [name for left, name in marks if left <= 0]:
            brain.mark_returned(name, now)
        marks = [(left, name) for left, name in marks if left > 0]
        due = brain.due_ms()
        while due is not None and due <= now and call.closed is None:
            for act in brain.act(now):
                match act:
                    case Send():
                        ear += act.ulaw
                        call.most_ahead_ms = max(call.most_ahead_ms, len(ear) / 8)
                    case Clear():
                        ear.clear()
                        marks = [(0, name) for _, name in marks]
                        call.clears_ms.append(now)
                    case Mark():
                        call.marks.append(act.name)
                        marks.append((len(ear), act.name))
                    case Close():
                        call.closed = (act.code, now)
                        call.unheard_ms = loud_ms(ear).count(1)
                    case Log():
                        call.logs.append(act)
            due = brain.due_ms()
        if call.closed:
            break
        if not ear:
            call.dry_ms.append(now)
        call.heard += ear[:8].ljust(8, QUIET[:1])
        del ear[:8]
        marks = [(left - 8, name) for left, name in marks]
    return call


def _frame(from_ms: int, says: list[tuple[int, int]], coughs: tuple[tuple[int, int], ...]) -> bytes:
    def sound(at_ms: int) -> bytes:
        if any(start <= at_ms < end for start, end in says):
            return LOUD
        return HISS if any(start <= at_ms < end for start, end in coughs) else QUIET

    return b"".join(map(sound, range(from_ms, from_ms + FRAME_MS)))
