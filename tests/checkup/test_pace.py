"""What voids a call makes a machine unfit, and a real call with nobody can be held."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
from pipecat_voice_test.call import machine
from pipecat_voice_test.checkup import pace
from pipecat_voice_test.checkup.finding import Finding, Mark, ok
from pipecat_voice_test.checkup.pace import Pace, judged, measured
from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.timeline import Rig

GOOD = Pace(0.1, Rig(0.44, 1.26, 0.9, 150, stolen=0.0))
SLOW = Pace(1.0, Rig(41.1, 48.1, 44.4, 150))


def test_a_machine_that_keeps_time() -> None:
    assert judged(GOOD) == ok(
        "time",
        "frames are late by 0.1 ms (median), 0.4 ms (p99), 1.3 ms (worst); "
        "limits 20 (p99), 100 (worst)",
    )


def test_a_machine_that_does_not() -> None:
    assert judged(SLOW) == Finding(
        Mark.MISS,
        "time",
        "this machine cannot keep time: frames are late by 1.0 ms (median), 41.1 ms (p99), "
        "48.1 ms (worst), stalls up to 44 ms; limits 20 (p99), 100 (worst)",
        "end what else runs here, give the job more CPU, or take a machine that is not shared;\n"
        "until then calls end as inconclusive.",
        code=ExitCode.INCONCLUSIVE,
    )


@pytest.mark.parametrize(
    ("rig", "is_void"),
    [
        (Rig(20.0, 100.0, 100.0, 150), False),
        (Rig(20.1, 100.0, 100.0, 150), True),
        (Rig(20.0, 100.1, 100.0, 150), True),
        (Rig(20.0, 100.0, 100.1, 150), True),
    ],
)
def test_the_limits_are_those_of_a_call(rig: Rig, is_void: bool) -> None:
    assert Pace(0.0, rig).is_void is is_void


@pytest.mark.parametrize(
    ("paces", "marks"),
    [
        pytest.param([GOOD], [Mark.OK], id="fit"),
        pytest.param([SLOW, GOOD], [Mark.OK], id="one-hiccup"),
        pytest.param([SLOW, SLOW], [Mark.MISS], id="unfit"),
        pytest.param(
            [Pace(0.1, replace(GOOD.rig, stolen=0.06))], [Mark.OK, Mark.NOTE], id="time-taken"
        ),
        pytest.param([Pace(0.1, replace(GOOD.rig, stolen=0.05))], [Mark.OK], id="a-little-taken"),
    ],
)
def test_a_void_call_is_held_once_more(
    paces: list[Pace], marks: list[Mark], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(paces)
    monkeypatch.setattr(pace, "measured", lambda: next(left))

    assert [finding.mark for finding in pace.pace(nullcontext())] == marks
    assert list(left) == []


@pytest.mark.parametrize(
    ("cpus", "quota", "load", "text"),
    [
        (4, None, 0.5, "4 CPUs, load 0.5"),
        (8, 2.0, None, "8 CPUs, a quota of 2"),
        (1, None, 0.5, "1 CPU, load 0.5: the bot and its caller share one"),
        (8, 1.5, 0.5, "8 CPUs, a quota of 1.5, load 0.5: the bot and its caller share one"),
        (4, None, 4.5, "4 CPUs, load 4.5: more wants to run than can"),
    ],
)
def test_processors(
    cpus: int, quota: float | None, load: float | None, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cpus", lambda: cpus)
    monkeypatch.setattr(machine, "quota_cpus", lambda: quota)
    monkeypatch.setattr(machine, "load", lambda: load)

    first, *_ = pace.processors()
    assert (first.topic, first.text) == ("CPUs", text)


@pytest.mark.parametrize(
    ("name", "good", "marks"),
    [("tsc", True, [Mark.OK]), ("hpet", False, [Mark.NOTE]), ("", True, [])],
)
def test_the_clock(
    name: str, good: bool, marks: list[Mark], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "clock_source", lambda: (name, good))

    assert [one.mark for one in pace.processors() if one.topic == "clock"] == marks


@pytest.mark.realtime
def test_a_call_with_nobody_is_held() -> None:
    found = measured(for_ms=400)

    assert found.rig.frames_sent == 20
    assert 0.0 <= found.late_p50_ms <= found.rig.late_max_ms
    assert found.rig.stolen is None or 0.0 <= found.rig.stolen <= 1.0
