"""Few calls get the loop that waits in microseconds; many get the one that scales."""

import asyncio
import selectors

import pytest
from pipecat_voice_test.call.loop import FEW_CALLS, punctual_loop


@pytest.mark.parametrize(
    ("calls_at_once", "by_select"),
    [
        pytest.param(1, True, id="one"),
        pytest.param(FEW_CALLS, True, id="few"),
        pytest.param(FEW_CALLS + 1, False, id="many"),
    ],
)
def test_which_loop_suits_so_many_calls(calls_at_once: int, by_select: bool) -> None:
    loop = punctual_loop(calls_at_once)
    try:
        assert isinstance(loop, asyncio.SelectorEventLoop)
        assert isinstance(loop._selector, selectors.SelectSelector) is by_select  # type: ignore[attr-defined]  # Private.
    finally:
        loop.close()
