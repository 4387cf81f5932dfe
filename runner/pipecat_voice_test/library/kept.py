"""Results of a program's calls on disk: one folder may take any number of calls, one by one.

The folder is that of a run (DESIGN 6), so the page, JUnit and all other reports hold every call
that this process made into it. What an earlier process left there is removed with the first.
"""

import threading
from pathlib import Path

from pipecat_voice_test.measurement.comparison.fingerprint import Fingerprint
from pipecat_voice_test.measurement.comparison.model import Settings
from pipecat_voice_test.measurement.results import BotFacts, CallResult
from pipecat_voice_test.outcome import Outcome
from pipecat_voice_test.report.files import CallFiles
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.stored.kept import kept_call
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.scenario.model import Scenario

_known: dict[Path, "Kept"] = {}
_lock = threading.Lock()


class Kept:
    """One folder; its methods may be called in any thread."""

    def __init__(self, path: Path, bot: BotFacts, settings: Settings, seed: int) -> None:
        self.path = path
        self._bot = bot
        self._folder = ResultsFolder(path)
        self._scenarios: list[Scenario] = []
        self._outcome = Outcome(self._scenarios, seed, settings=settings)
        self._numbers: dict[int, int] = {}
        self._lock = threading.Lock()

    def begin(self, scenario: Scenario, fingerprint: Fingerprint | None) -> int:
        """The number of the next call of a scenario, from 1."""
        with self._lock:
            if scenario not in self._scenarios:
                self._scenarios.append(scenario)
                self._outcome.made_ready(scenario, fingerprint)
            index = self._scenarios.index(scenario)
            self._numbers[index] = self._numbers.get(index, 0) + 1
            return self._numbers[index]

    def add(self, scenario: Scenario, result: CallResult) -> CallFiles:
        """Write a call and, with all before it, the reports.

        Raises:
            UsageError: Something could not be written; the rest was.
        """
        with self._lock:
            files = self._folder.write_call(self._folder.slug(scenario), result)
            self._outcome.add(scenario, kept_call(result))
            run = self._outcome.result(self._bot)
            place = self._folder.write_run(run)
            self._folder.write_page(run, place, AudioBudget())
            return files


def kept_in(path: Path, bot: BotFacts, settings: Settings, seed: int) -> Kept:
    """The folder of this name, emptied if this process has not used it yet.

    Raises:
        UsageError: Nothing can be written there.
    """
    whole = path.absolute()
    with _lock:
        if whole not in _known:
            _known[whole] = Kept(whole, bot, settings, seed)
        return _known[whole]
