"""What the kernel says of our time, in both versions of its interface, or if it is silent."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pipecat_voice_test.checkup import kernel
from pipecat_voice_test.checkup.kernel import Share

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
    assert kernel.quota_cpus(*tree(tmp_path, files)) == cpus


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
    assert kernel.share(*tree(tmp_path, files)) == share


@pytest.mark.parametrize(
    ("before", "after", "taken"),
    [
        (Share(100, 0), Share(200, 10), 0.1),
        (Share(throttled_s=1.0), Share(throttled_s=1.5), 0.25),
        (Share(100, 0, 1.0), Share(200, 10, 1.5), 0.25),
        (Share(), Share(), 0.0),
        (Share(200, 10), Share(100, 0), 0.0),
    ],
)
def test_what_was_taken_in_between(before: Share, after: Share, taken: float) -> None:
    assert after.taken_since(before, elapsed_s=2.0) == pytest.approx(taken)


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

    assert kernel.clock_source(sys) == clock


def test_this_machine_has_a_cpu() -> None:
    assert kernel.cpus() >= 1
