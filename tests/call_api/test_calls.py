"""What the call API knows of calls, from before their stream to after their end."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pipecat_voice_test.call_api import calls
from pipecat_voice_test.call_api.calls import ApiCall, Calls, now
from pipecat_voice_test.protocol.requests.call_api import CallStatus, Deed, HangUp, Transfer
from pipecat_voice_test.protocol.wire import Complaint
from pipecat_voice_test.timeline import EndedHow

COMPLAINT = Complaint("call_api_unknown_path", "unknown_path", "Unknown.")


class FakeLine:
    """A stream that ends when it is told to."""

    def __init__(self) -> None:
        self.caller_is_gone = False
        self.asked: list[tuple[str, int, Complaint | None]] = []
        self.ended: list[EndedHow] = []

    def asked_over_api(
        self, detail: str, size_bytes: int = 0, complaint: Complaint | None = None
    ) -> None:
        self.asked.append((detail, size_bytes, complaint))

    def end_over_api(self, how: EndedHow) -> None:
        self.ended.append(how)


def in_loop(body: Callable[[ApiCall, FakeLine], Awaitable[None]]) -> tuple[ApiCall, FakeLine]:
    call, line = ApiCall("CA1", "+1", "+2"), FakeLine()
    asyncio.run(_run(body, call, line))
    return call, line


async def _run(
    body: Callable[[ApiCall, FakeLine], Awaitable[None]], call: ApiCall, line: FakeLine
) -> None:
    await body(call, line)


@pytest.mark.parametrize(
    ("deed", "how", "over"),
    [
        (HangUp(), EndedHow.CALL_API, True),
        (Transfer("<Response/>"), EndedHow.NEW_INSTRUCTIONS, False),
    ],
)
@pytest.mark.parametrize("early", [False, True], ids=["in-the-call", "before-the-stream"])
def test_a_deed_ends_the_stream(deed: Deed, how: EndedHow, over: bool, early: bool) -> None:
    """P-50; a bot knows the call from its webhook on, and may hang up before it has a stream."""

    async def body(call: ApiCall, line: FakeLine) -> None:
        if early:
            call.do(deed, now())
        call.connect(line)
        assert line.ended == []
        await asyncio.sleep(0)
        if not early:
            call.do(deed, now())

    call, line = in_loop(body)

    assert line.ended == [how]
    assert call.state.is_over is over
    assert call.hung_up.is_set() is over
    assert (call.transfer is None) is over


def test_what_is_asked_before_the_stream_is_written_down_when_it_begins() -> None:
    async def body(call: ApiCall, line: FakeLine) -> None:
        for number in range(30):
            call.asked(f"{number}", 1, None)
        call.connect(line)
        await asyncio.sleep(0)
        call.asked("late", 2, COMPLAINT)

    _, line = in_loop(body)

    assert [detail for detail, _, _ in line.asked] == [*map(str, range(calls.MAX_EARLY)), "late"]
    assert line.asked[-1] == ("late", 2, COMPLAINT)


def test_a_call_rings_is_in_progress_and_is_completed() -> None:
    """P-51."""
    seen: list[CallStatus] = []

    async def body(call: ApiCall, line: FakeLine) -> None:
        seen.append(call.state.status)
        call.connect(line)
        seen.append(call.state.status)
        line.caller_is_gone = True
        seen.append(call.state.status)
        call.disconnect()
        seen.append(call.state.status)

    call, line = in_loop(body)

    assert seen == ["ringing", "in-progress", "completed", "completed"]
    assert call.state.duration_s == 0
    assert line.ended == []


def test_a_call_is_known_live_and_then_over() -> None:
    known = Calls()
    call = ApiCall("CA1", "+1", "+2")

    with known.held(call):
        assert (known.find("CA1"), known.live) == (call, [call])
        assert known.state("CA2") is None
    state = known.state("CA1")

    assert (known.find("CA1"), known.live) == (None, [])
    assert state is not None
    assert state.is_over


def test_a_call_that_is_made_again_is_live_again() -> None:
    """P-22: a void call is repeated under its own name."""
    known = Calls()
    with known.held(ApiCall("CA1", "+1", "+2")):
        pass
    with known.held(ApiCall("CA1", "+1", "+2")):
        state = known.state("CA1")

    assert state is not None
    assert not state.is_over


def test_calls_that_are_over_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MAX_REMEMBERED", 2)
    known = Calls()
    for number in range(4):
        with known.held(ApiCall(f"CA{number}", "+1", "+2")):
            pass

    assert [known.state(f"CA{number}") is not None for number in range(4)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_moment_is_written_as_mail_headers_write_it() -> None:
    """RFC 2822, with a numeric zone."""
    assert now().text.endswith(" +0000")
