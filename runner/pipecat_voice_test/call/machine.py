"""What the system says of the time this process gets: CPUs, quota, theft, idleness and clock.

Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html,
https://docs.kernel.org/scheduler/sched-bwc.html, proc_stat(5),
https://docs.kernel.org/timers/timekeeping.html
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PROC = Path("/proc")
SYS = Path("/sys")
# Reading these takes microseconds, or they tick in milliseconds.
_POOR_CLOCKS = ("hpet", "acpi_pm", "pit", "jiffies", "refined-jiffies")


@dataclass(frozen=True, slots=True)
class Share:
    """What had been taken from us by some moment; two of them tell what was taken in between.

    Attributes:
        total_ticks: Of all CPUs together.
        stolen_ticks: Those that the host gave to others.
        throttled_s: For how long a quota kept our group from running.
    """

    total_ticks: int = 0
    stolen_ticks: int = 0
    throttled_s: float = 0.0

    def taken_since(self, before: "Share", elapsed_s: float) -> float | None:
        """The share of time taken by the host or a quota, whichever is more (METRICS 7).

        None where the system does not tell.
        """
        if not self.total_ticks and not self.throttled_s:
            return None
        ticks = self.total_ticks - before.total_ticks
        stolen = (self.stolen_ticks - before.stolen_ticks) / ticks if ticks > 0 else 0.0
        throttled = (self.throttled_s - before.throttled_s) / elapsed_s if elapsed_s > 0 else 0.0
        return min(1.0, max(stolen, throttled, 0.0))


@dataclass(frozen=True, slots=True)
class Idle:
    """How long the CPUs this process may run on had nothing to do, by some moment."""

    cpus: int = 0
    total_ticks: int = 0
    idle_ticks: int = 0

    def free_since(self, before: "Idle") -> float | None:
        """How many of the CPUs were free on average; None where the system does not tell."""
        ticks = self.total_ticks - before.total_ticks
        if ticks <= 0 or self.cpus != before.cpus:
            return None
        return self.cpus * max(0, self.idle_ticks - before.idle_ticks) / ticks


def cpus() -> int:
    """How many this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def idle(proc: Path = PROC, among: Collection[int] | None = None) -> Idle:
    """How idle the CPUs have been so far; takes some 30 µs, and more with hundreds of CPUs.

    Args:
        proc: Where the system tells it.
        among: Numbers of the CPUs to look at; None for those this process may run on.
    """
    if among is None:
        among = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    count = total = unused = 0
    for line in _text(proc / "stat").splitlines():
        name, *words = line.split()
        if not name.startswith("cpu"):
            break
        if not name[3:].isdecimal() or int(name[3:]) not in among:
            continue
        ticks = [int(word) for word in words[:8]]  # user nice system idle iowait irq softirq steal
        count += 1
        total += sum(ticks)
        unused += sum(ticks[3:5])
    return Idle(count, total, unused)


def load() -> float | None:
    """How many processes wanted to run during the last minute, on average."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None


def quota_cpus(proc: Path = PROC, sys: Path = SYS) -> float | None:
    """How many CPUs' worth of time the quotas above us leave; None without any."""
    quotas = [quota for folder in _cpu_groups(proc, sys) if (quota := _quota(folder)) is not None]
    return min(quotas, default=None)


def share(proc: Path = PROC, sys: Path = SYS) -> Share:
    """What has been taken from us so far; zeros where the system does not tell."""
    ticks = [int(word) for word in _text(proc / "stat").partition("\n")[0].split()[1:9]]
    throttled_s = max((_throttled_s(folder) for folder in _cpu_groups(proc, sys)), default=0.0)
    # user nice system idle iowait irq softirq steal
    stolen = ticks[7] if len(ticks) > 7 else 0
    return Share(sum(ticks), stolen, throttled_s)


def clock_source(sys: Path = SYS) -> tuple[str, bool]:
    """The clock everything is measured with, and whether it is a good one."""
    file = sys / "devices/system/clocksource/clocksource0/current_clocksource"
    name = _text(file).strip()
    return name, name not in _POOR_CLOCKS


def _cpu_groups(proc: Path, sys: Path) -> Iterator[Path]:
    """Our control group for CPU time and those above it, in both versions of the interface."""
    root = sys / "fs/cgroup"
    for line in _text(proc / "self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / controllers if controllers else root
        if controllers and not top.is_dir():
            top = root / "cpu"
        inside = PurePosixPath(path.lstrip("/"))
        # Within a container the path may be the host's, where ours is the top itself.
        for folder in (inside, *inside.parents):
            if ".." not in folder.parts:
                yield top / folder


def _quota(folder: Path) -> float | None:
    words = _text(folder / "cpu.max").split()
    if not words:
        words = [_text(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")]
    try:
        quota_us, period_us = (int(word) for word in words)
    except ValueError:  # `max`, or nothing at all
        return None
    return quota_us / period_us if quota_us > 0 and period_us > 0 else None


def _throttled_s(folder: Path) -> float:
    for line in _text(folder / "cpu.stat").splitlines():
        name, _, value = line.partition(" ")
        if name == "throttled_usec" and value.isdecimal():
            return int(value) / 1e6
        if name == "throttled_time" and value.isdecimal():
            return int(value) / 1e9
    return 0.0


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except (OSError, ValueError):
        return ""
