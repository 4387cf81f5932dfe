"""Whether the same bot is measured alike over WebRTC and over Twilio's wire.

One process of the real Pipecat bot answers at both doors, and is called by one and the other in
turn. `PVT_PIPECAT_PYTHON` names its Python, as for `busy`; without it nothing is measured.

What remains is the bot's own. Over WebRTC, Pipecat hears the caller 80 ms later (aiortc's jitter
buffer holds four packets of 20 ms back), has 10 to 30 ms of its own voice still to pack, and what
it has packed cannot be cleared. Over Twilio at its default rates its resamplers hold back about as
much of a beginning, but not of an end: on a machine with a little to spare `response_ms` was
984 ms against 960, `stop_ms` 411 against 325 (medians of six to twelve values).
"""

import os
import statistics
from pathlib import Path

from pipecat_voice_test.doors.entrance import Entrance
from pipecat_voice_test.measurement.results import CallResult

from bench.busy import pipecat_bot
from bench.numbers import Spread
from bench.rig import run_calls, scenario
from bench.table import Found, Row, say
from bench.webrtc_ear import delays_ms

WITHIN_MS = 40.0
_EAR = "a tone is heard after it was said: p50 / p95 / p99 / max"
# A greeting cannot be compared: over WebRTC the bot gets ready before time 0.
METRICS = ("response_ms", "stop_ms")
DOORS = {"Twilio": Entrance(), "WebRTC": Entrance(transport="webrtc")}
_TALK = """
name: Talk
stop_on_failure: false
turns:
  - expect: [{event: response, within_ms: 6000}]
  - audio: audio/dont_know_who_sent_this.wav
    expect: [{event: response, within_ms: 4000}]
  - audio: audio/one_moment_please.wav
    send_after: {event: bot_started_speaking, delay_ms: 1500}
    expect:
      - {event: bot_interrupted, within_ms: 1500}
      - {event: response, within_ms: 4000}
  - audio: audio/dont_know_who_sent_this.wav
    send_after: {event: bot_started_speaking, delay_ms: 1500}
    expect:
      - {event: bot_interrupted, within_ms: 1500}
      - {event: response, within_ms: 4000}
"""


def measure(folder: Path, *, quick: bool) -> Found:
    """What the tool adds; and medians of each metric, at Pipecat's rates and the telephone's."""
    found = Found()
    say("webrtc: a bot that says when it speaks")
    heard_late = Spread.of(delays_ms(5_000 if quick else 30_000))
    told = heard_late.told("ms")
    met = heard_late.count > 0 and heard_late.p95 <= WITHIN_MS
    found.rows.append(Row(_EAR, told, f"p95 ≤ {WITHIN_MS:g} ms", met))
    python = os.environ.get("PVT_PIPECAT_PYTHON", "")
    if not python:
        found.rows.append(Row("without PVT_PIPECAT_PYTHON no bot is compared", ""))
        return found
    rates = {"default rates": {}} if quick else {"default rates": {}, "8 kHz": {"RATE": "8000"}}
    for told, variables in rates.items():
        say(f"webrtc: a Pipecat bot at {told}")
        with pipecat_bot(python, **variables) as url:
            calls = _calls(folder / told.replace(" ", "-"), url, 2 if quick else 8)
        for metric in METRICS:
            # At 8 kHz nothing is resampled for Twilio, so there the bot's own delay is bare.
            found.rows.append(_row(told, metric, calls, judged=not variables))
        found.facts[told] = {
            door: {
                **{metric: _values(held, metric) for metric in METRICS},
                "late_p99_ms": max((call.timeline.rig.late_p99_ms for call in held), default=None),
                "loop_stall_ms": max(
                    (call.timeline.rig.loop_stall_ms for call in held), default=None
                ),
            }
            for door, held in calls.items()
        }
    return found


def _calls(folder: Path, url: str, rounds: int) -> dict[str, list[CallResult]]:
    """Calls by one door and the other in turn, without those this machine was too slow for."""
    talk = scenario(_TALK, folder)
    calls: dict[str, list[CallResult]] = {door: [] for door in DOORS}
    for number in range(rounds):
        for door, entrance in DOORS.items():
            run = run_calls([talk], url, folder / f"{number}-{door}", workers=1, entrance=entrance)
            held = [call for result in run.scenarios for call in result.calls]
            calls[door] += [call for call in held if not call.replaced and not call.error]
    return calls


def _values(calls: list[CallResult], metric: str) -> list[float]:
    return [value for call in calls for value in call.metrics.get(metric, ())]


def _row(told: str, metric: str, calls: dict[str, list[CallResult]], *, judged: bool) -> Row:
    values = {door: _values(held, metric) for door, held in calls.items()}
    what = f"{metric} at {told}: median by Twilio / WebRTC"
    if not all(values.values()):
        return Row(what, "nothing was measured", met=False if judged else None)
    twilio, webrtc = (statistics.median(values[door]) for door in DOORS)
    count = min(map(len, values.values()))
    return Row(
        what,
        f"{twilio:.0f} / {webrtc:.0f} ms, {webrtc - twilio:+.0f} ms ({count} values)",
        f"within {WITHIN_MS:g} ms" if judged else "",
        abs(webrtc - twilio) <= WITHIN_MS if judged else None,
    )
