"""What cannot be compared is said with its reason, and is neither a pass nor a failure: M-31."""

from dataclasses import replace
from typing import Any

import pytest
from pipecat_voice_test.measurement.comparison.model import Compared, Settings, Standing
from pipecat_voice_test.measurement.comparison.of_run import measured
from pipecat_voice_test.measurement.comparison.rules import compare
from pipecat_voice_test.measurement.results import BotFacts, RunResult, Verdict

from measurement.comparison.runs import SAME, answered, call, run, scenario

BASE = run(answered(*[640.0] * 5))


def against(new: RunResult, base: RunResult = BASE) -> Compared:
    return compare(measured(base, "base.json"), measured(new, "new.json"))


def with_fingerprint(**changes: Any) -> RunResult:
    return run(replace(answered(*[640.0] * 5), fingerprint=replace(SAME, **changes)))


NOISY = {
    "level_dbov": "keep",
    "line_noise_dbov": None,
    "noise": {"audio": "cafe.wav", "snr_db": 15.0},
}
VOID = scenario(
    call(1, Verdict.INCONCLUSIVE),
    verdict=Verdict.INCONCLUSIVE,
    reason="this machine was too slow to judge the bot: late_max was 180 ms, limit 100\n  Fix: …",
)


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        pytest.param(
            with_fingerprint(script_sha256="6" * 64),
            "the scenario's text has changed since the baseline",
            id="another-text",
        ),
        pytest.param(
            with_fingerprint(audio_sha256="b" * 64),
            "the caller's audio has changed since the baseline (a recording, or the speech engine)",
            id="other-audio",
        ),
        pytest.param(
            replace(with_fingerprint(audio_sha256="b" * 64), seed=7),
            "the seed was 0 and is 7, so the line sounds different",
            id="another-seed",
        ),
        pytest.param(
            with_fingerprint(line=NOISY, audio_sha256="b" * 64),
            "the line has changed since the baseline: level_dbov was -26 and is keep, "
            "line_noise_dbov was -60 and is none, noise was none and is cafe.wav at 15 dB",
            id="other-impairments",
        ),
        pytest.param(
            replace(BASE, runner="linux x86_64, 4 CPUs"),
            "the baseline's machine was 'linux x86_64, 2 CPUs', this one is 'linux x86_64, 4 CPUs'",
            id="another-class-of-runner",
        ),
        pytest.param(
            replace(BASE, settings=Settings(provider="telnyx")),
            "the provider was twilio and is telnyx",
            id="another-provider",
        ),
        pytest.param(
            run(VOID),
            "no call could be judged now: this machine was too slow to judge the bot: "
            "late_max was 180 ms, limit 100",
            id="rig-void-now",
        ),
        pytest.param(
            run(scenario(verdict=Verdict.NOT_RUN, reason="the run's time was over")),
            "no call could be judged now: the run's time was over",
            id="not-run",
        ),
    ],
)
def test_what_differs_too_much_is_not_comparable(new: RunResult, reason: str) -> None:
    (only,) = against(new).comparisons

    assert (only.standing, only.metric) == (Standing.NOT_COMPARABLE, "")
    assert only.message == f"not comparable: {reason}"


def test_a_rig_void_in_the_baseline_is_not_comparable_either() -> None:
    (only,) = against(BASE, run(VOID)).comparisons

    assert only.message == (
        "not comparable: no call could be judged in the baseline: this machine was too slow to "
        "judge the bot: late_max was 180 ms, limit 100"
    )


def test_a_scenario_that_only_one_run_has_is_named() -> None:
    found = against(run(answered(*[640.0] * 5, name="New")))

    assert [(one.scenario, one.message) for one in found.comparisons] == [
        ("New", "not comparable: the baseline has no such scenario"),
        ("Opening hours", "not comparable: only the baseline has this scenario"),
    ]
    assert found.nothing_comparable


def test_scenarios_of_one_name_are_paired_in_their_order() -> None:
    twice = run(answered(*[640.0] * 5), answered(*[2640.0] * 5))

    found = against(twice, twice)

    assert found.count(Standing.REGRESSION) == found.count(Standing.NOT_COMPARABLE) == 0
    assert found.count(Standing.NO_REGRESSION) == 4


def test_what_is_not_comparable_hides_no_regression_beside_it() -> None:
    base = run(answered(*[640.0] * 5, name="Changed"), answered(*[640.0] * 5, name="Slower"))
    changed = replace(base.scenarios[0], fingerprint=replace(SAME, script_sha256="6" * 64))

    found = against(run(changed, answered(*[990.0] * 5, name="Slower")), base)

    assert [(one.scenario, one.metric, one.standing) for one in found.comparisons] == [
        ("Changed", "", Standing.NOT_COMPARABLE),
        ("Slower", "response_ms", Standing.REGRESSION),
        ("Slower", "passed", Standing.NO_REGRESSION),
    ]
    assert not found.nothing_comparable


def test_with_no_scenario_on_either_side_nothing_is_comparable() -> None:
    assert against(run(), run()).nothing_comparable


@pytest.mark.parametrize(
    ("base", "note"),
    [
        pytest.param(
            replace(BASE, verdict=Verdict.FAILED),
            "the run of the baseline did not pass (failed): what was bad already is no regression",
            id="it-failed",
        ),
        pytest.param(
            replace(BASE, bot=BotFacts("url", "ws://bot")),
            "the launcher: url in the baseline, image now",
            id="another-launcher",
        ),
        pytest.param(
            replace(BASE, settings=Settings(workers=4)),
            "workers: 4 in the baseline, 1 now",
            id="more-calls-at-once",
        ),
        pytest.param(
            replace(BASE, settings=Settings(fresh_bot=True)),
            "fresh-bot: true in the baseline, false now",
            id="fresh-bots",
        ),
    ],
)
def test_what_differs_a_little_is_noted_and_compared(base: RunResult, note: str) -> None:
    found = against(BASE, base)

    assert found.notes == (note,)
    assert found.count(Standing.NO_REGRESSION) == 2


def test_scenarios_that_were_called_once_are_noted() -> None:
    once = run(scenario(call(1, response_ms=(640.0,) * 5)))

    assert against(once).notes == (
        "only one call of 1 scenario in one of the runs: `--repeat 5` shows how calls differ",
    )


def test_another_version_is_noted_and_compared() -> None:
    base = replace(measured(BASE, "base.json"), version="0.0.9")
    new = replace(measured(BASE), version="0.1.0")

    assert compare(base, new).notes == (
        "the baseline was measured by version 0.0.9, this is 0.1.0",
    )
