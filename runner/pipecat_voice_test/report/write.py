"""The one place that puts results on disk.

The folder is prepared before anything is called, so a folder that cannot be written to is found
out at once. Each call is written when it ends, and the run after every scenario, so that
whatever stops the run leaves what was there (P-73). A file appears whole or not at all.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pipecat_voice_test import __version__
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.measurement.results import CallResult, RunResult, ScenarioResult
from pipecat_voice_test.report.ctrf import ctrf_json
from pipecat_voice_test.report.disk import (
    bring_file,
    make_folder,
    refuse_foreign,
    remove_call,
    remove_report,
    unwritable,
    write_whole,
)
from pipecat_voice_test.report.events import event_lines
from pipecat_voice_test.report.files import (
    BOT_RAW,
    CTRF,
    EVENTS,
    JUNIT,
    LOG,
    PAGE,
    RECORDING,
    RESULTS,
    RUN_FILES,
    SUMMARY,
    TIMELINE,
    CallFiles,
    Place,
    unused_slug,
)
from pipecat_voice_test.report.junit.cases import Family, junit_xml
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.recording import bot_raw_wav_blocks, call_wav_blocks
from pipecat_voice_test.report.results_json import TOOL, results_json
from pipecat_voice_test.report.shelf import CallShelf
from pipecat_voice_test.report.stored.kept import kept_call, kept_run
from pipecat_voice_test.report.summary.markdown import summary_md
from pipecat_voice_test.report.text import encoded, plain_text, valid_text
from pipecat_voice_test.report.view.build import call_view
from pipecat_voice_test.scenario.model import Scenario

# What draws pictures and pages is loaded where it is used: it takes a tenth of a second, which
# nobody has to wait for if `load_what_draws` was called before.
Renderer = Callable[[], Iterable[bytes]]


class ResultsFolder:
    """The output folder of one run, emptied of what an earlier run of ours left there.

    Args:
        path: The folder; it is made if need be, and foreign files in it stay.
        working: What paths in reports are relative to; the working directory if not given.
        version: Of the program that makes the run, or that made those it is joined of.

    Raises:
        UsageError: Nothing can be written there, or a foreign file has a name we need.
    """

    def __init__(
        self, path: Path, *, working: Path | None = None, version: str = __version__
    ) -> None:
        self._version = version
        self.working = (working or Path.cwd()).absolute()
        self.path = self.working / path
        self._slugs: dict[tuple[str, int, str], str] = {}
        self._named: dict[str, Scenario] = {}
        self._taken: set[str] = set()
        self._written: dict[tuple[str, int, int], CallFiles] = {}
        self._calls: Counter[tuple[str, int]] = Counter()
        _prepare(self.path, str(path))

    def slug(self, scenario: Scenario) -> str:
        """The name of the folder of a scenario: the same each time it is asked for."""
        name = valid_text(scenario.name)  # As results.json has it, from which it is asked again.
        key = (str(scenario.file), scenario.line_number, name)
        if key not in self._slugs:
            self._slugs[key] = unused_slug(name, self._taken)
            self._named[self._slugs[key]] = scenario
        return self._slugs[key]

    def write_call(self, slug: str, call: CallResult) -> CallFiles:
        """Write the files of one call, as soon as it has ended.

        A second call of the same number, made in place of a void one, gets a folder of its own.

        Raises:
            UsageError: A file could not be written; the others were.
        """
        earlier, folder = self._folder_of_call(slug, call.number)
        timeline = call.timeline
        files: dict[str, Renderer] = {
            RECORDING: lambda: call_wav_blocks(timeline),
            BOT_RAW: lambda: bot_raw_wav_blocks(timeline),
            EVENTS: lambda: (f"{line}\n".encode() for line in event_lines(timeline)),
            LOG: lambda: encoded(plain_text(call.bot_log)),
        }
        written: set[str] = set()
        try:
            make_folder(self.path / folder)
            try:
                _write_each(self.path / folder, files, written)
            finally:
                self._draw(slug, call, folder, written)
        finally:
            found = CallFiles.in_folder(folder, written)
            self._written[slug, call.number, earlier] = found
        return found

    def bring_call(
        self, slug: str, number: int, shelf: CallShelf, files: CallFiles
    ) -> tuple[CallFiles, list[str]]:
        """Take over the files of a call from another results folder, which stays as it is.

        Where the disk can, they are linked, so that nothing lies there twice.

        Returns:
            Where they are now, and the paths of those that were not there.

        Raises:
            UsageError: A file could not be written.
        """
        earlier, folder = self._folder_of_call(slug, number)
        paths = files.by_name()
        if paths:
            make_folder(self.path / folder)
        brought = {
            name
            for name, path in paths.items()
            if (source := shelf.find(path)) and bring_file(source, self.path / folder / name)
        }
        found = self._written[slug, number, earlier] = CallFiles.in_folder(folder, brought)
        return found, [path for name, path in paths.items() if name not in brought]

    def write_run(
        self,
        run: RunResult,
        junit_family: Family = "extended",
        *,
        versions: Mapping[str, str] | None = None,
    ) -> Place:
        """Write the reports of a run, also of one that is not over yet; say where all lies.

        Raises:
            UsageError: A report could not be written; the others were.
        """
        run = kept_run(run)
        place = self.place(run)
        results: dict[str, Renderer] = {
            RESULTS: lambda: encoded(results_json(run, place, version=self._version))
        }
        versions = versions or {TOOL: self._version}
        reports = _reports(run, place, junit_family, self._version, versions)
        _write_each(self.path, results | reports, set())
        return place

    def write_page(self, run: RunResult, place: Place, audio: AudioBudget) -> None:
        """Write report.html, when all else of a run is written: it is made of what lies there.

        Raises:
            UsageError: It could not be written.
        """
        from pipecat_voice_test.report.page.page import page_html

        shelf = CallShelf(self.path)
        blocks = page_html(kept_run(run), place, shelf, audio, version=self._version)
        write_whole(self.path / PAGE, blocks)

    def place(self, run: RunResult) -> Place:
        """Where the files of a run lie, those of each call by its position in `run`."""
        files: dict[tuple[int, int], CallFiles] = {}
        for index, result in enumerate(run.scenarios):
            slug = self.slug(result.scenario)
            met: Counter[int] = Counter()
            for position, call in enumerate(result.calls):
                found = self._written.get((slug, call.number, met[call.number]))
                met[call.number] += 1
                if found is not None:
                    files[index, position] = found
        return Place(self.working, self.path, files)

    def _draw(self, slug: str, call: CallResult, folder: str, written: set[str]) -> None:
        """Draw a call as every later report does: from what it wrote, and as it is kept."""
        scenario = self._named.get(slug) or Scenario(slug, Path(slug), 1, ())
        result = ScenarioResult(scenario, call.verdict)
        found = CallFiles.in_folder(folder, written)
        if draw_call(self.path, folder, result, kept_call(replace(call, bot_log="")), found):
            written.add(TIMELINE)

    def _folder_of_call(self, slug: str, number: int) -> tuple[int, str]:
        """How many calls of this number there were before, and the folder of the next."""
        earlier = self._calls[slug, number]
        self._calls[slug, number] += 1
        return earlier, f"{slug}/call-{number}" + (f"-{earlier + 1}" if earlier else "")


def load_what_draws() -> None:
    """Load it, so that the end of the first call and of the run need not."""
    import pipecat_voice_test.report.page.page
    import pipecat_voice_test.report.picture.timeline  # noqa: F401 - only to have it


def write_again(
    folder: Path,
    run: RunResult,
    place: Place,
    *,
    junit_family: Family,
    audio: AudioBudget,
    version: str,
) -> list[str]:
    """Write all reports of a run that was read back beside its results.json, which stays.

    Args:
        folder: Where that lies.
        run: The run.
        place: Where its files lie, as far as they still do.
        junit_family: As for `junit_xml`.
        audio: Which recordings go into the page.
        version: Of the program that made the run.

    Returns:
        The names of the reports.

    Raises:
        UsageError: Files of these names are not ours, or the disk refuses; what could be written
            was.
    """
    from pipecat_voice_test.report.page.page import page_html

    reports = _reports(run, place, junit_family, version, {TOOL: version})
    reports[PAGE] = lambda: page_html(run, place, CallShelf(folder), audio, version=version)
    for name in reports:
        refuse_foreign(folder / name)
    _write_each(folder, reports, set())
    return list(reports)


def draw_call(
    output: Path, of_call: str, result: ScenarioResult, call: CallResult, files: CallFiles
) -> bool:
    """Draw a call from what it wrote; False if it cannot be drawn, which harms nothing else."""
    from pipecat_voice_test.report.picture.timeline import timeline_png

    with suppress(Exception):
        evidence = CallShelf(output).evidence(replace(files, log=None))
        picture = timeline_png(call_view(result, call, evidence), evidence)
        write_whole(output / of_call / TIMELINE, [picture])
        return True
    return False


def _reports(
    run: RunResult,
    place: Place,
    family: Family,
    version: str,
    versions: Mapping[str, str] | None,
) -> dict[str, Renderer]:
    """What is rendered of a run but its results.json and its page, by name of the file."""
    return {
        JUNIT: lambda: encoded(junit_xml(run, place, family=family, versions=versions)),
        SUMMARY: lambda: encoded(summary_md(run, place)),
        CTRF: lambda: encoded(ctrf_json(run, place, version=version)),
    }


def _prepare(path: Path, shown: str) -> None:
    if path.exists() and not path.is_dir():
        raise UsageError(
            f"{shown} is a file, so no results can be written into a folder of that name.",
            fix="remove it, or choose another folder with `--output-dir`",
        )
    make_folder(path)
    try:
        for name in RUN_FILES:
            remove_report(path / name)
            (path / f".{name}.tmp").unlink(missing_ok=True)
        for folder in list(path.glob("*/call-*")):
            remove_call(folder)
    except OSError as error:
        raise unwritable(path, error) from error
    write_whole(path / RESULTS, [])  # Finds out about permissions and full disks before any call.
    (path / RESULTS).unlink()


def _write_each(folder: Path, files: Mapping[str, Renderer], written: set[str]) -> None:
    """Write all that can be written, then raise what kept the first of the others from it."""
    first: Exception | None = None
    for name, render in files.items():
        try:
            write_whole(folder / name, render())
            written.add(name)
        except Exception as error:  # Whatever it is, the other files are evidence too.
            first = first or error
    if first is not None:
        raise first
