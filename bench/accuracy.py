"""Whether `response_ms` and `stop_ms` are true, by the log of a bot that knows."""

from dataclasses import asdict, dataclass
from pathlib import Path

from pipecat_voice_test.measurement.results import RunResult

from bench.numbers import Errors
from bench.rig import conversation, demo_bot, run_calls, scenario
from bench.table import Found, Row, say
from bench.truth import Pair, calls_of, response_pairs, stop_pairs

WITHIN_MS = 10.0
WITHIN_SHARE = 0.95
MOST_MS = 20.0
OVER_BACKGROUND_MS = 40.0
# Its times are no whole frames, so that every phase of a frame is met.
_MANNERS = ("--answer-after-ms", "613.7", "--stop-after-ms", "287.3")


@dataclass(frozen=True, slots=True)
class Case:
    """One bot, and how often it is called.

    A steady voice makes the truth about `stop_ms` plain: where a recorded one pauses by itself
    just when it is interrupted, even its speaker could not say when it fell silent. But nobody
    hears a voice in a steady tone over music, so there a recorded one is interrupted where it
    does not pause: `interrupt_after_ms` and up to 500 ms later.
    """

    send: str
    voice: str = "steady"
    calls: int = 25
    exchanges: int = 4
    background: str = ""
    interrupt_after_ms: int = 1000
    at_once: int = 25

    @property
    def told(self) -> str:
        portions = "whole utterances" if self.send == "all" else f"{self.send} ms"
        behind = f" over {self.background}" if self.background else ""
        return portions + (" of recorded speech" if self.voice == "speech" else "") + behind

    @property
    def metrics(self) -> tuple[str, ...]:
        hidden = self.voice == "speech" and not self.background
        return ("response_ms",) if hidden else ("response_ms", "stop_ms")

    @property
    def options(self) -> tuple[str, ...]:
        behind = ("--background", self.background) if self.background else ()
        return ("--send", self.send, "--voice", self.voice, *behind)

    @property
    def within_ms(self) -> float:
        return OVER_BACKGROUND_MS if self.background else WITHIN_MS


CASES = (
    Case("20"),
    Case("137.5"),
    Case("all", calls=20, at_once=10),
    Case("20", "speech", 15, 2),
    *(Case("20", "speech", 25, 1, kind, 2100) for kind in ("music", "noise", "typing")),
)
QUICK = (Case("137.5", calls=10, exchanges=2),)


def measure(folder: Path, *, quick: bool) -> Found:
    """Compare about a hundred values of each metric for each way of sending."""
    found = Found()
    for number, case in enumerate(QUICK if quick else CASES):
        say(f"accuracy: {case.calls} calls to a bot that sends {case.told}")
        pairs, void = _call(case, folder / f"{number}")
        found.facts[case.told] = {"void_calls": void}
        if void:
            found.rows.append(Row(f"bot sends {case.told}: calls not judged", f"{void}"))
        for metric in case.metrics:
            errors = Errors.of(pairs[metric], case.within_ms)
            found.facts[case.told][metric] = asdict(errors) | {"pairs": pairs[metric]}
            found.rows += _rows(f"{metric}, bot sends {case.told}", errors, case)
    return found


def _call(case: Case, folder: Path) -> tuple[dict[str, list[Pair]], int]:
    log = folder / "bot.jsonl"
    talks = [scenario(_talk(case, number), folder / f"{number}") for number in range(case.calls)]
    with demo_bot(*case.options, "--log", str(log), *_MANNERS) as bot:
        run = run_calls(talks, bot.url, folder / "results", workers=min(case.calls, case.at_once))
    return _pairs(run, log)


def _talk(case: Case, number: int) -> str:
    after_ms = case.interrupt_after_ms
    if case.background:  # Spread less widely than conversations are.
        after_ms += number * 37 % 500 - number * 37 % 1100
    return conversation(case.exchanges, number=number, interrupt_after_ms=after_ms)


def _rows(name: str, errors: Errors, case: Case) -> list[Row]:
    unmatched = f" ({errors.unmatched} without a counterpart)" if errors.unmatched else ""
    return [
        Row(
            f"{name}: within {case.within_ms:g} ms",
            f"{errors.within_share:.1%} of {errors.count + errors.unmatched}{unmatched}",
            f"≥ {WITHIN_SHARE:.0%}",
            errors.within_share >= WITHIN_SHARE,
        ),
        Row(
            f"{name}: off by at most",
            f"{errors.off_ms.max:.1f} ms, median {errors.bias_ms:+.1f} ms",
            "" if case.background else f"≤ {MOST_MS:g} ms",
            None if case.background else errors.off_ms.max <= MOST_MS and errors.count > 0,
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
