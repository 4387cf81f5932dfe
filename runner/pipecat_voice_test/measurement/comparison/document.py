"""results.json of an earlier run, read to be compared with; refused with the reason if it cannot.

Refused is what would make the comparison mean nothing: a file that is not whole, was edited, has
another shape, or was measured with metrics of another meaning. Another version of this program
that measures the same is only noted.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from pipecat_voice_test.errors import BaselineError
from pipecat_voice_test.measurement.comparison.fingerprint import Fingerprint
from pipecat_voice_test.measurement.comparison.model import Measured, MeasuredScenario, Settings
from pipecat_voice_test.measurement.comparison.pairs import is_starved
from pipecat_voice_test.measurement.comparison.sealed import Json, Part, Purpose, opened, shaped
from pipecat_voice_test.measurement.statistics.bootstrap import Sample
from pipecat_voice_test.measurement.statistics.quantiles import median
from pipecat_voice_test.timeline import Rig

_TO_COMPARE = Purpose(
    BaselineError,
    give="give the results.json of an earlier run.",
    anew="make it anew: run this version against the bot that the baseline was made with,\n"
    "and keep that run's results.json.",
    untouched="take the file as the run wrote it; to accept other figures, make a run and keep its "
    "results.json.",
    to="compare with",
    needs=("measures",),
)
_DIFFERENCES_SHOWN = 5
_JUDGED = ("passed", "failed")


class _Rate(Part):
    times: int
    of: int


class _Figures(Part):
    n: int
    median: float
    rate: _Rate | None = None
    values: tuple[float, ...]
    calls: tuple[int, ...]


class _Fingerprint(Part):
    script_sha256: str
    audio_sha256: str
    line: dict[str, Any]


class _Rig(Part):
    stolen: float | None = None
    starved: float | None = None


class _Call(Part):
    number: int
    verdict: str
    replaced: bool
    rig: _Rig


class _Scenario(Part):
    name: str
    verdict: str
    reason: str | None
    passed_calls: int
    metrics: dict[str, _Figures]
    calls: tuple[_Call, ...]
    fingerprint: _Fingerprint | None


class _Tool(Part):
    name: str
    version: str


class _Bot(Part):
    launcher: str


class _Settings(Part):
    provider: str
    workers: int
    repeat: int
    fresh_bot: bool


class _Document(Part):
    tool: _Tool
    verdict: str
    started_at: str
    runner: str
    seed: int
    bot: _Bot
    settings: _Settings
    scenarios: tuple[_Scenario, ...]


def read_baseline(data: bytes, shown: str) -> Measured:
    """Read a run that others are to be compared with.

    Args:
        data: The file.
        shown: What to call it in messages.

    Raises:
        BaselineError: It cannot be compared with, or holds no value.
    """
    base = read_run(data, shown)
    if not any(scenario.judged for scenario in base.scenarios):
        raise BaselineError(
            f"{shown} holds no values: no call of that run could be judged "
            f"(it ended as {base.verdict}).",
            fix="keep the results.json of a run that passed.",
        )
    return base


def read_run(data: bytes, shown: str) -> Measured:
    """Read what a run measured; raises as `read_baseline`, but not for want of values."""
    document = opened(data, shown, _TO_COMPARE, contradictions)
    read = shaped(_Document, document, shown, _TO_COMPARE)
    if found := list(contradictions(document)):
        raise BaselineError(
            f"{shown} contradicts itself.", fix=_TO_COMPARE.untouched, evidence="\n".join(found)
        )
    return _measured(read, shown)


def contradictions(document: Json) -> Iterator[str]:
    """Where figures are not those of their values; at most five, and none if it has no shape."""
    try:
        read = _Document.model_validate(document)
    except ValidationError:
        return
    found = (text for scenario in read.scenarios for text in _wrong_in(scenario))
    for _, text in zip(range(_DIFFERENCES_SHOWN), found, strict=False):
        yield text


def _wrong_in(scenario: _Scenario) -> Iterator[str]:
    for metric, found in scenario.metrics.items():
        where = f"{scenario.name}: {metric}"
        if not len(found.values) == len(found.calls) == found.n > 0:
            yield (
                f"{where}.n is {found.n}, with {len(found.values)} values "
                f"of {len(found.calls)} calls"
            )
            continue
        # What people read is rounded; values keep a little more.
        near = 0.56 if metric.endswith("_ms") else 0.0002
        if found.rate is not None and not 0 <= found.rate.times <= found.rate.of:
            yield f"{where} is {found.rate.times} of {found.rate.of}"
        if abs(true := median(found.values) - found.median) > near:
            yield f"{where}.median is {found.median:g}, that of its values {true + found.median:g}"
    verdicts = [call.verdict for call in scenario.calls if not call.replaced]
    passed = verdicts.count("passed")
    if passed != scenario.passed_calls:
        yield f"{scenario.name}: passed_calls is {scenario.passed_calls}, and {passed} passed"


def _measured(read: _Document, shown: str) -> Measured:
    return Measured(
        shown=shown,
        version=read.tool.version,
        verdict=read.verdict,
        started_at=read.started_at,
        runner=read.runner,
        launcher=read.bot.launcher,
        seed=read.seed,
        settings=Settings(**read.settings.model_dump()),
        scenarios=tuple(_scenario(one) for one in read.scenarios),
    )


def _scenario(read: _Scenario) -> MeasuredScenario:
    of_then = read.fingerprint
    return MeasuredScenario(
        name=read.name,
        fingerprint=None if of_then is None else Fingerprint(**of_then.model_dump()),
        samples={metric: Sample(f.values, f.calls) for metric, f in read.metrics.items()},
        rates={metric: (rate.times, rate.of) for metric, rate in _rates(read) if rate.of},
        why_not=read.reason or read.verdict.replace("_", " "),
        starved=frozenset(
            call.number
            for call in read.calls
            if call.verdict in _JUDGED
            and not call.replaced
            and is_starved(Rig(stolen=call.rig.stolen, starved=call.rig.starved))
        ),
    )


def _rates(read: _Scenario) -> Iterator[tuple[str, _Rate]]:
    verdicts = [call.verdict for call in read.calls if not call.replaced]
    judged = sum(verdict in _JUDGED for verdict in verdicts)
    yield "passed", _Rate(times=verdicts.count("passed"), of=judged)
    yield from ((metric, f.rate) for metric, f in read.metrics.items() if f.rate is not None)
