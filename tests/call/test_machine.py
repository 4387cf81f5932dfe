"""What the kernel says of our time, in both versions of its interface, or if it is silent."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pipecat_voice_test.call import machine
from pipecat_voice_test.call.machine import Idle, Share

Tree = Mapping[str, str]
V2 = {"proc/self/cgroup": "0::/jobs/one\n"}
V1 = {"proc/self/cgroup": "5:cpu,cpuacct:/docker/1\n3:memory:/docker/1\n1:name=systemd:/x\n"}


def tree(folder: Path, files: Tree) -> tuple[Path, Path]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "proc", folder / "sys"


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        pytest.param({**V2, "sys/fs/cgroup/jobs/one/cpu.max": "150000 100000\n"}, 1.5, id="ours"),
        pytest.param({**V2, "sys/fs/cgroup/jobs/one/cpu.max": "max 100000\n"}, None, id="none"),
        pytest.param(
            {
                **V2,
                "sys/fs/cgroup/jobs/one/cpu.max": "400000 100000\n",
                "sys/fs/cgroup/jobs/cpu.max": "50000 100000\n",
            },
            0.5,
            id="the-tightest-of-those-above-us",
        ),
        pytest.param(
            {**V2, "sys/fs/cgroup/cpu.max": "100000 100000"}, 1.0, id="in-a-container-the-top"
        ),
        pytest.param(
            {
                **V1,
                "sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us": "200000\n",
                "sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/memory/docker/1/cpu.max": "1 100000",
            },
            2.0,
            id="version-1",
        ),
        pytest.param(
            {
                **V1,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
            id="version-1-without-one",
        ),
        pytest.param({"proc/self/cgroup": "nonsense\n0::/../..\n"}, None, id="nonsense"),
        pytest.param({}, None, id="another-system"),
    ],
)
def test_what_a_quota_leaves(files: Tree, cpus: float | None, tmp_path: Path) -> None:
    assert machine.quota_cpus(*tree(tmp_path, files)) == cpus


@pytest.mark.parametrize(
    ("files", "share"),
    [
        pytest.param(
            {"proc/stat": "cpu  10 0 20 60 0 0 0 10 0 0\ncpu0 1 2\n"}, Share(100, 10), id="stolen"
        ),
        pytest.param(
            {**V2, "sys/fs/cgroup/jobs/one/cpu.stat": "usage_usec 9\nthrottled_usec 2500000\n"},
            Share(throttled_s=2.5),
            id="throttled",
        ),
        pytest.param(
            {**V1, "sys/fs/cgroup/cpu/docker/1/cpu.stat": "throttled_time 2500000000\n"},
            Share(throttled_s=2.5),
            id="throttled-version-1",
        ),
        pytest.param({}, Share(), id="another-system"),
    ],
)
def test_what_was_taken(files: Tree, share: Share, tmp_path: Path) -> None:
    assert machine.share(*tree(tmp_path, files)) == share


@pytest.mark.parametrize(
    ("before", "after", "taken"),
    [
        (Share(100, 0), Share(200, 10), 0.1),
        (Share(throttled_s=1.0), Share(throttled_s=1.5), 0.25),
        (Share(100, 0, 1.0), Share(200, 10, 1.5), 0.25),
        (Share(200, 10), Share(100, 0), 0.0),
        (Share(), Share(), None),
    ],
)
def test_what_was_taken_in_between(before: Share, after: Share, taken: float | None) -> None:
    """METRICS 7, `steal`: if the system tells."""
    assert after.taken_since(before, elapsed_s=2.0) == pytest.approx(taken)


STAT = """\
cpu  1 2 3 4 5 6 7 8
cpu0 10 0 20 60 5 0 0 5 0 0
cpu1 0 0 0 100 0 0 0 0 0 0
cpu12 50 0 50 0 0 0 0 0 0 0
intr 5 5 5
cpu1 7
"""


@pytest.mark.parametrize(
    ("text", "among", "idle"),
    [
        pytest.param(STAT, {0, 1}, Idle(2, 200, 165), id="waiting-for-a-disk-is-idle"),
        pytest.param(STAT, {12}, Idle(1, 100, 0), id="only-ours"),
        pytest.param(STAT, {2}, Idle(), id="none-of-ours"),
        pytest.param("cpu  1 2\n", {0}, Idle(), id="no-figures"),
        pytest.param("", {0}, Idle(), id="another-system"),
    ],
)
def test_how_idle_our_cpus_are(text: str, among: set[int], idle: Idle, tmp_path: Path) -> None:
    proc, _ = tree(tmp_path, {"proc/stat": text})

    assert machine.idle(proc, among) == idle


@pytest.mark.parametrize(
    ("before", "after", "free"),
    [
        (Idle(2, 1000, 500), Idle(2, 1100, 550), 1.0),
        (Idle(2, 1000, 500), Idle(2, 1100, 500), 0.0),
        (Idle(2, 1000, 500), Idle(2, 1100, 499), 0.0),
        (Idle(2, 1000, 500), Idle(2, 1000, 500), None),
        (Idle(2, 1000, 500), Idle(1, 1100, 500), None),
        (Idle(), Idle(), None),
    ],
)
def test_how_many_cpus_were_free(before: Idle, after: Idle, free: float | None) -> None:
    assert after.free_since(before) == free


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("tsc\n", ("tsc", True)),
        ("kvm-clock\n", ("kvm-clock", True)),
        ("hpet\n", ("hpet", False)),
        (None, ("", True)),
    ],
)
def test_the_clock(text: str | None, clock: tuple[str, bool], tmp_path: Path) -> None:
    name = "sys/devices/system/clocksource/clocksource0/current_clocksource"
    _, sys = tree(tmp_path, {} if text is None else {name: text})

    assert machine.clock_source(sys) == clock


def test_this_machine_has_a_cpu() -> None:
    assert machine.cpus() >= 1
