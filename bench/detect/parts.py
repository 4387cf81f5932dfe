"""The parts of the bench: which cases each calls, and how often."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context

from bench.detect import cases, pipecat_cases
from bench.detect.calling import Call, call_case
from bench.detect.case import Case
from bench.detect.counts import Counted, counted
from bench.table import say


@dataclass(frozen=True, slots=True)
class Part:
    """Cases that are called one like the other.

    Attributes:
        calls: How many calls of each are judged in the long form.
        groups: For each case the names of all those it stands for.
    """

    cases: tuple[Case, ...]
    calls: int
    groups: tuple[tuple[str, ...], ...] = ()

    def only(self, wanted: Sequence[str]) -> "Part":
        """Those that one of the texts begins the name of, or of one they stand for."""
        groups = self.groups or tuple((case.name,) for case in self.cases)
        kept = [
            (case, names)
            for case, names in zip(self.cases, groups, strict=True)
            if any(name.startswith(tuple(wanted)) for name in (case.name, *names))
        ]
        return Part(tuple(case for case, _ in kept), self.calls, tuple(names for _, names in kept))


def _alarms(mutants: Iterable[Case]) -> Part:
    """The healthy bot under every fault's scenario, each scenario once."""
    groups: dict[tuple[str, ...], list[Case]] = {}
    for case in mutants:
        groups.setdefault(case.same_as_healthy, []).append(case)
    healthy = tuple(several[0].healthy for several in groups.values())
    names = tuple(tuple(case.name for case in several) for several in groups.values())
    return Part(healthy, 50, names)


PARTS: dict[str, Part] = {
    "mutants": Part(cases.MUTANTS, 10),
    "alarms": _alarms(cases.MUTANTS),
    "healthy": Part(cases.HEALTHY, 10),
    "pipecat-mutants": Part(pipecat_cases.MUTANTS, 10),
    "pipecat-alarms": _alarms(pipecat_cases.MUTANTS),
    "pipecat-healthy": Part(pipecat_cases.HEALTHY, 20),
}


LINES_A_BOT = 5  # Of ten on two cores.


def call_part(part: Part, calls: int, lines: int, pipecat: str) -> list[Counted]:
    """Call all cases, in their order, with at most `lines` callers at once."""
    return asyncio.run(_call_all(part, calls, Lines(lines), pipecat))


class Lines:
    """As many callers at once as this machine bears."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._free = most
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def taken(self, wanted: int) -> AsyncIterator[None]:
        """Hold so many lines, or all of them if more are wanted."""
        wanted = min(wanted, self.most)
        async with self._freed:
            await self._freed.wait_for(lambda: self._free >= wanted)
            self._free -= wanted
        try:
            yield
        finally:
            async with self._freed:
                self._free += wanted
                self._freed.notify_all()


async def _call_all(part: Part, calls: int, lines: Lines, pipecat: str) -> list[Counted]:
    loop = asyncio.get_running_loop()
    each = min(calls, *(case.at_once for case in part.cases))
    many = min(len(part.cases), -(-lines.most // each))
    # What a process has loaded serves the next case, too; and a fork of this one would do harm.
    with ProcessPoolExecutor(many, get_context("spawn")) as processes:
        for loaded in [processes.submit(_get_ready, many) for _ in range(many)]:
            loaded.result()

        async def one(case: Case, names: tuple[str, ...]) -> Counted:
            async with lines.taken(_lines_for(case, calls)):
                try:
                    made = await loop.run_in_executor(processes, call_case, case, calls, pipecat)
                except Exception as error:
                    # A bot that cannot be called must not end the bench for all others.
                    made = [Call(void=f"{type(error).__name__}: {error}")]
            found = counted(case, made, calls, names)
            say(_progress(found))
            return found

        groups = part.groups or ((),) * len(part.cases)
        return await asyncio.gather(*map(one, part.cases, groups))


def _get_ready(processes: int) -> None:
    """Load everything before anybody is called, and leave the others something to do."""
    time.sleep(0.2 * processes)


def _lines_for(case: Case, calls: int) -> int:
    """How many of the lines a case takes.

    A Pipecat bot starts for seconds on a core of its own and loads its models there, and each of
    its calls takes as much of the machine as three of the demo bot's.
    """
    callers = min(calls, case.at_once) * (2 if case.beside else 1)
    return max(LINES_A_BOT, 3 * callers) if case.bot == "pipecat" else callers


def _progress(found: Counted) -> str:
    what = "detected" if found.metrics else "false alarms"
    void = f", {found.void} void" if found.void else ""
    text = f"{found.name}: {what} {found.noticed} of {found.judged}{void}"
    if found.is_right:
        return text
    return "\n         ".join([f"{text}   <- not right", *found.told[:3]])
