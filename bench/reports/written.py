"""`python -m bench.reports.written WHAT CALLS RESULTS`: write reports, and say what that took.

WHAT is `calls`, to hold the calls and keep them in the folder CALLS, from where the others take
them; `run`, one run of a hundred of them into the folder RESULTS; or `shards`, the same in
`SHARDS` folders. Prints one JSON object. It is a process of its own, so that its peak of memory
is that of the work.
"""

import contextlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pipecat_voice_test.command.session  # noqa: F401  # All that the command loads counts.
from pipecat_voice_test.measurement.comparison.model import Settings
from pipecat_voice_test.measurement.results import BotFacts, RunResult, Verdict
from pipecat_voice_test.outcome import Outcome
from pipecat_voice_test.report import write
from pipecat_voice_test.report.files import PAGE, TIMELINE
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.write import Renderer, ResultsFolder
from pipecat_voice_test.scenario.shard import Shard, Share

from bench.reports.calls import REPEAT, SCENARIOS, held, hold_all
from bench.ten_minutes import peak_mb

SHARDS = 10
FAILED_AUDIO = AudioBudget("failed")


@dataclass
class Spent:
    """Where the time went.

    Attributes:
        total_s: All of it: rendering and writing, but not getting hold of the calls.
        cpu_s: How much of that was work, and not waiting for the disk or for others.
        by_file_s: Work to render, by the name of the file.
    """

    total_s: float = 0.0
    cpu_s: float = 0.0
    by_file_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def timed(self, name: str, render: Renderer) -> Renderer:
        """The same renderer, with a watch beside it."""

        def rendered() -> Iterator[bytes]:
            began_s = time.process_time()
            blocks = iter(render())
            while True:
                block = next(blocks, None)
                self.by_file_s[name] += time.process_time() - began_s
                if block is None:
                    return
                yield block
                began_s = time.process_time()

        return rendered

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        """Add what goes on in here."""
        began_s, worked_s = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.total_s += time.perf_counter() - began_s
            self.cpu_s += time.process_time() - worked_s

    def watch(self) -> None:
        """From now on everything that is written is timed, file by file."""
        write_each: _WriteEach = write._write_each
        draw_call = write.draw_call

        def timed_each(folder: Path, files: Mapping[str, Renderer], written: set[str]) -> None:
            timed = {name: self.timed(name, render) for name, render in files.items()}
            write_each(folder, timed, written)

        def timed_drawing(*arguments: Any) -> bool:
            began_s = time.process_time()
            try:
                return draw_call(*arguments)
            finally:
                self.by_file_s[TIMELINE] += time.process_time() - began_s

        setattr(write, write_each.__name__, timed_each)
        setattr(write, draw_call.__name__, timed_drawing)


_WriteEach = Callable[[Path, Mapping[str, Renderer], set[str]], None]


def main() -> None:
    what, calls, results = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    facts: Mapping[str, Any] = {}
    if what == "calls":
        hold_all(calls)
    elif what == "run":
        facts = run_facts(calls, results)
    else:
        each = SCENARIOS // SHARDS
        for number in range(SHARDS):
            numbers = range(number * each, (number + 1) * each)
            write_run(calls, results / f"{number + 1}", numbers, Shard(number + 1, SHARDS))
    sys.stdout.write(json.dumps(facts))


def run_facts(calls: Path, results: Path) -> dict[str, Any]:
    """Write the reports of one run, and say what that took."""
    spent = Spent()
    spent.watch()
    run = write_run(calls, results, range(SCENARIOS), None, spent)
    verdicts = [call.verdict for found in run.scenarios for call in found.calls]
    sizes = {path.name: path.stat().st_size / 1e6 for path in results.iterdir() if path.is_file()}
    return {
        "total_s": spent.total_s,
        "cpu_s": spent.cpu_s,
        "by_file_s": spent.by_file_s,
        "peak_mb": peak_mb(),
        "calls": len(verdicts),
        "failed": verdicts.count(Verdict.FAILED),
        "calls_s": sum(c.timeline.duration_ms for s in run.scenarios for c in s.calls) / 1000,
        "sizes_mb": sizes,
    }


def write_run(
    calls: Path,
    results: Path,
    numbers: Sequence[int],
    shard: Shard | None,
    spent: Spent | None = None,
) -> RunResult:
    """Write down some of the scenarios as a run does: each call when it ends, then the rest."""
    spent = spent or Spent()
    scenarios = [one.scenario for one in held(calls, numbers, repeat=1)]
    outcome = Outcome(
        scenarios,
        seed=0,
        shard=shard,
        share=Share(tuple(numbers), SCENARIOS) if shard else None,
        settings=Settings(repeat=REPEAT),
    )
    folder = ResultsFolder(results, working=results.parent)
    for one in held(calls, numbers):
        with spent.counting():
            folder.write_call(folder.slug(one.scenario), one.call)
        outcome.add(one.scenario, one.call)
    outcome.over = True
    with spent.counting():
        run = outcome.result(BotFacts("command", "the demo bot", 812.0))
        place = folder.write_run(run)
        before_s = time.process_time()
        folder.write_page(run, place, FAILED_AUDIO)
        spent.by_file_s[PAGE] = time.process_time() - before_s
    return run


if __name__ == "__main__":
    main()
