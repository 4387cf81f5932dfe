"""Whether `response_ms` and `stop_ms` are true, by the log of a bot that knows."""

from dataclasses import asdict
from pathlib import Path

from pipecat_voice_test.measurement.results import RunResult

from bench.numbers import Errors
from bench.rig import conversation, demo_bot, run_calls, scenario
from bench.table import Found, Row, say
from bench.truth import Pair, calls_of, response_pairs, stop_pairs

SENDS = ("20", "137.5", "all")
WITHIN_MS = 10.0
WITHIN_SHARE = 0.95
MOST_MS = 20.0


def measure(folder: Path, *, quick: bool) -> Found:
    """Compare about a hundred values of each metric for each way of sending."""
    found = Found()
    for send in SENDS[1:2] if quick else SENDS:
        calls, exchanges = (12, 2) if quick else (25, 4)
        say(f"accuracy: {calls} calls to a bot that sends {_told(send)}")
        here = folder / send
        talks = [
            scenario(conversation(exchanges, number=number), here / f"{number}")
            for number in range(calls)
        ]
        log = here / "bot.jsonl"
        # Its times are no whole frames, so that every phase of a frame is met.
        manners = ("--answer-after-ms", "613.7", "--stop-after-ms", "287.3")
        with demo_bot("--send", send, "--log", str(log), *manners) as bot:
            run = run_calls(talks, bot.url, here / "results", workers=calls)
        pairs, void = _pairs(run, log)
        found.facts[send] = {"void_calls": void}
        if void:
            found.rows.append(
                Row(f"sends {_told(send)}: calls that could not be judged", f"{void}")
            )
        for metric, of_metric in pairs.items():
            errors = Errors.of(of_metric, WITHIN_MS)
            found.facts[send][metric] = asdict(errors) | {"pairs": of_metric}
            found.rows += _rows(f"{metric}, bot sends {_told(send)}", errors)
    return found


def _rows(name: str, errors: Errors) -> list[Row]:
    unmatched = f" ({errors.unmatched} without a counterpart)" if errors.unmatched else ""
    return [
        Row(
            f"{name}: within {WITHIN_MS:g} ms",
            f"{errors.within_share:.1%} of {errors.count + errors.unmatched}{unmatched}",
            f"≥ {WITHIN_SHARE:.0%}",
            errors.within_share >= WITHIN_SHARE,
        ),
        Row(
            f"{name}: off by at most",
            f"{errors.off_ms.max:.1f} ms, median {errors.bias_ms:+.1f} ms",
            f"≤ {MOST_MS:g} ms",
            errors.off_ms.max <= MOST_MS and errors.count > 0,
        ),
    ]


def _pairs(run: RunResult, log: Path) -> tuple[dict[str, list[Pair]], int]:
    """All pairs of a run, without the calls this machine was too slow for."""
    truth = calls_of(log.read_text().splitlines())
    pairs: dict[str, list[Pair]] = {"response_ms": [], "stop_ms": []}
    void = 0
    for call in (call for found in run.scenarios for call in found.calls):
        if call.error_kind == "rig":
            void += 1
            continue
        entries = truth.get(call.timeline.call_sid, [])
        zero_ns = call.timeline.t0_monotonic_ns
        pairs["response_ms"] += response_pairs(call.turns, entries, zero_ns)
        pairs["stop_ms"] += stop_pairs(call.turns, entries, zero_ns)
    return pairs, void


def _told(send: str) -> str:
    return "whole utterances" if send == "all" else f"{send} ms"
