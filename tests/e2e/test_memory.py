"""While calls go on the cycle collector is off, so a call must be freed without it."""

import gc
import weakref
from pathlib import Path
from typing import Any

import pipecat_voice_test.one_call
import pytest
from pipecat_voice_test.call.phone import PhoneCall
from pipecat_voice_test.measurement.results import CallResult
from pipecat_voice_test.run import Run

from e2e.harness import Case, hold_all

pytestmark = pytest.mark.realtime

SHORT = """
turns:
  - expect: [{event: response, within_ms: 3000}]
  - hangup: true
    send_after: {event: bot_started_speaking, delay_ms: 500}
"""


@pytest.mark.parametrize("options", ["", "--fault crash=700"], ids=["hung-up", "crashed"])
def test_calls_that_have_ended_are_freed_at_once(
    options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[PhoneCall]] = []
    alive: list[tuple[int, bool]] = []

    class Watched(PhoneCall):
        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, **named)
            made.append(weakref.ref(self))

    keep = Run._keep

    def count(run: Run, *args: Any) -> CallResult:
        alive.append((sum(ref() is not None for ref in made), gc.isenabled()))
        return keep(run, *args)

    monkeypatch.setattr(pipecat_voice_test.one_call, "PhoneCall", Watched)
    monkeypatch.setattr(Run, "_keep", count)
    hold_all([Case("short", SHORT, options, repeat=3)], tmp_path)

    assert len(alive) >= 3
    assert set(alive) == {(1, False)}
    assert gc.isenabled()
