"""Runs to be compared: as results of a run, as the file it leaves, and as what is read of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from pipecat_voice_test.measurement.comparison.digest import KEY, canonical, digest
from pipecat_voice_test.measurement.comparison.fingerprint import Fingerprint
from pipecat_voice_test.measurement.comparison.model import Settings
from pipecat_voice_test.measurement.results import (
    BotFacts,
    CallResult,
    RunResult,
    ScenarioResult,
    Verdict,
)
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.results_json import results_json
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.timeline import Rig, Timeline

PLACE = Place(PurePosixPath("/home/ci/shop"), PurePosixPath("/home/ci/shop/results"))
SAME = Fingerprint(
    "5" * 64, "a" * 64, {"level_dbov": -26.0, "line_noise_dbov": -60.0, "noise": None}
)


def call(
    number: int,
    verdict: Verdict = Verdict.PASSED,
    rates: Mapping[str, tuple[int, int]] | None = None,
    rig: Rig = Rig(),  # noqa: B008  # It is frozen.
    **metrics: Sequence[float],
) -> CallResult:
    return CallResult(
        number,
        verdict,
        Timeline(duration_ms=4000.0, rig=rig),
        metrics={metric: tuple(values) for metric, values in metrics.items()},
        rates=rates or {},
    )


def scenario(
    *calls: CallResult,
    name: str = "Opening hours",
    verdict: Verdict = Verdict.PASSED,
    fingerprint: Fingerprint | None = SAME,
    reason: str = "",
) -> ScenarioResult:
    what = Scenario(name=name, file=Path("hours.yaml"), line_number=1, turns=())
    return ScenarioResult(what, verdict, calls, reason=reason, fingerprint=fingerprint)


def answered(*values_ms: float, name: str = "Opening hours") -> ScenarioResult:
    """A call for each value, which is its `response_ms`."""
    calls = [call(n, response_ms=(value,)) for n, value in enumerate(values_ms, 1)]
    return scenario(*calls, name=name)


def run(*scenarios: ScenarioResult, **changes: Any) -> RunResult:
    whole = RunResult(
        Verdict.PASSED,
        0,
        0,
        "2026-01-01T00:00:00Z",
        9_000.0,
        BotFacts("image", "shop/bot:ci", 800.0),
        scenarios,
        settings=Settings(),
        runner="linux x86_64, 2 CPUs",
    )
    return replace(whole, **changes)


def file_of(what: RunResult) -> bytes:
    """The results.json that a run leaves."""
    return results_json(what, PLACE).encode()


def document_of(what: RunResult) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file_of(what))
    return document


def sealed(document: Mapping[str, Any]) -> bytes:
    """A document with the digest of what it says now."""
    return json.dumps({**document, KEY: digest(canonical(document))}).encode()
