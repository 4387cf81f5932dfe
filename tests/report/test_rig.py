"""What METRICS 7 wants printed with every result, in words and as properties."""

from dataclasses import replace

import pytest
from pipecat_voice_test.measurement.results import Check, Control, RunResult, Verdict
from pipecat_voice_test.report.rig import rig_line, rig_properties
from pipecat_voice_test.report.summary.markdown import summary_md
from pipecat_voice_test.report.terminal.closing import closing_lines
from pipecat_voice_test.timeline import Rig, Timeline

from report.runs import call, place_of, result, run

QUIET = Rig(late_p99_ms=0.42, late_max_ms=1.26, loop_stall_ms=2.5, frames_sent=750)
BUSY = Rig(
    late_p99_ms=12.0,
    late_max_ms=31.0,
    loop_stall_ms=29.6,
    frames_sent=500,
    read_lag_ms=18.4,
    stolen=0.021,
    starved=0.5,
)


def held(*rigs: Rig, control: Control | None = None) -> RunResult:
    calls = [call(timeline=Timeline(rig=rig)) for rig in rigs]
    return replace(run(result(Verdict.PASSED, *calls)), control=control)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        pytest.param(
            held(QUIET, control=Control(0.44, -0.3)),
            "rig: frames late by 0.4 ms (p99), 1.3 ms (worst), loop stalls up to 2 ms, "
            "read lag 0 ms, control bot off by 0.4 ms",
            id="the-system-is-silent",
        ),
        pytest.param(
            held(QUIET, BUSY, control=Control(1.0, -3.06)),
            "rig: frames late by 12.0 ms (p99), 31.0 ms (worst), loop stalls up to 30 ms, "
            "read lag 18 ms, steal 2%, no CPU free for 50% of a call, control bot off by 3.1 ms",
            id="the-worst-of-all-calls",
        ),
        pytest.param(held(Rig(), control=Control()), "rig: control bot not measured", id="unfit"),
        pytest.param(held(Rig()), "", id="nobody-was-called"),
    ],
)
def test_how_exact_the_figures_are_is_said_in_one_line(what: RunResult, line: str) -> None:
    said = closing_lines(what, place_of(what))

    assert rig_line(what) == line
    assert (line in said) == bool(line)
    assert not line or f"\n\n{line}\n" in summary_md(what, place_of(what))


def test_the_worst_of_a_scenarios_calls_are_its_properties() -> None:
    assert rig_properties([QUIET, replace(BUSY, control_error_ms=0.44)]) == {
        "rig.late_p99_ms": 12,
        "rig.late_max_ms": 31,
        "rig.loop_stall_ms": 29.6,
        "rig.read_lag_ms": 18.4,
        "rig.stolen": 0.021,
        "rig.starved": 0.5,
        "rig.control_error_ms": 0.4,
        "rig.frames_sent": 1250,
    }
    assert "rig.stolen" not in rig_properties([QUIET])
    assert rig_properties([]) == {}


def test_a_gate_over_the_whole_run_that_could_not_be_judged_is_told() -> None:
    """M-5, M-21a."""
    text = "response was 1700 ms, limit 1500 (median of 5)"
    checks = (Check("run.response_ms.median", "response_ms", Verdict.INCONCLUSIVE, text),)
    what = replace(held(BUSY), run_checks=checks)

    assert "\n".join(["", "whole run: inconclusive", f"  {text}", ""]) in "\n".join(
        closing_lines(what, place_of(what))
    )
    assert "\n## whole run: inconclusive\n" in summary_md(what, place_of(what))
