"""Runs to be read back, and what is read of the files that they leave."""

import random
from dataclasses import replace
from typing import Any

from measurement.comparison.runs import answered
from measurement.comparison.runs import run as compared_run
from pipecat_voice_test.measurement.comparison.of_run import compared, measured
from pipecat_voice_test.measurement.repeats.whole_run import whole_run_checks
from pipecat_voice_test.measurement.results import RunResult, ScenarioResult, TurnFacts, Verdict
from pipecat_voice_test.report.results_json import results_json
from pipecat_voice_test.report.stored.kept import kept_call, kept_run
from pipecat_voice_test.report.stored.read import Stored, read_stored
from pipecat_voice_test.report.text import plain_text
from pipecat_voice_test.scenario.limits import DEFAULT_LIMITS, Limits
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.scenario.shard import Share
from pipecat_voice_test.timeline import Rig, Timeline

from report.runs import HOSTILE, RUNS, VERSION, call, place_of, result, run


def kept(what: RunResult) -> RunResult:
    """As a run keeps its calls when they end."""
    return kept_run(
        replace(
            what,
            scenarios=tuple(
                replace(one, calls=tuple(map(kept_call, one.calls))) for one in what.scenarios
            ),
        )
    )


def read_back(what: RunResult) -> Stored:
    """What is read of the files that a run leaves."""
    place = place_of(what)
    logs = {
        files.log: plain_text(what.scenarios[index].calls[position].bot_log)
        for (index, position), files in place.files.items()
    }
    data = results_json(what, place, version=VERSION).encode()
    return read_stored(data, "results.json", logs.__getitem__)


def uneven_run(seed: int) -> RunResult:
    """A run whose figures all have more places than results.json keeps."""
    some = random.Random(seed)

    def ms() -> float:
        return some.uniform(0, 20_000)

    def one(number: int) -> Any:
        values = tuple(ms() for _ in range(6))
        turns = (
            TurnFacts(0, 4, TurnKind.LISTEN, heard=((ms(), ms()),), response_ms=values[0]),
            TurnFacts(1, 6, TurnKind.TURN, "ask", said=(ms(), ms()), stop_ms=ms(), clear_ms=ms()),
            TurnFacts(2, 8, TurnKind.DTMF, said=(ms(), ms()), keys="1#"),
        )
        rig = Rig(some.uniform(5, 15), ms(), ms(), 750, ms(), 9, some.random(), some.random(), ms())
        found = call(
            number,
            some.choice([Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE]),
            metrics={"response_ms": values, "gap_share": (some.random() / 50,)},
            timeline=Timeline(duration_ms=ms(), ended_at_ms=ms(), rig=rig),
        )
        return replace(
            found,
            turns=turns,
            slow={"response_ms": values[:1]},
            gaps=((ms(), ms()),),
            logged=((-ms(), 1), (ms(), 2)),
        )

    own = Limits(DEFAULT_LIMITS.gates, frozenset({"recovery_ms"}), {"recovery_ms": 3})
    what = [
        result(Verdict.FAILED, *map(one, range(1, 6)), name=f"uneven {number}")
        for number in range(3)
    ]
    what[0] = replace(what[0], scenario=replace(what[0].scenario, limits=own))
    return replace(
        run(*what, run_checks=whole_run_checks(what)),
        duration_ms=some.uniform(0, 1e6),
        share=Share((4, 2, 7), 9),
    )


def against_a_baseline() -> RunResult:
    base = measured(compared_run(answered(*[640.0] * 5), answered(1.0, name="gone")), "s3cret.json")
    now = compared_run(answered(*[907.77, 930.04, 911.123, 950.0, 940.0]), answered(1, name="new"))
    return compared(now, base)


def with_sources() -> RunResult:
    def of(file: str, source: str, name: str) -> ScenarioResult:
        found = result(Verdict.PASSED, call(), name=name, file=file)
        return replace(found, scenario=replace(found.scenario, source=source, tags=("a", "b")))

    return run(
        of("a.yaml", "name: a\r\ncall: {parameters: {token: s3cret}}\n", "a/1"),
        of("a.yaml", "name: a\r\ncall: {parameters: {token: s3cret}}\n", "a/2"),
        of("/home/ci/shop/b.yaml", HOSTILE, "b"),
        of("/elsewhere/c.yaml", "", "c"),
    )


EVERY_RUN = {
    **RUNS,
    "against-a-baseline": against_a_baseline(),
    "with-sources": with_sources(),
    **{f"uneven-{seed}": uneven_run(seed) for seed in range(5)},
}
