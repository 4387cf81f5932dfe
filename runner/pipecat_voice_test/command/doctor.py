"""`doctor`: what works here and what does not, one line each, with a fix for each miss."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.checkup import folders, over_webrtc, pace, software
from pipecat_voice_test.checkup.finding import Finding, Mark, exit_code, guarded, miss, ok
from pipecat_voice_test.control import selftest
from pipecat_voice_test.control.call import OFF_BY_MS
from pipecat_voice_test.errors import ExitCode, UsageError, VoiceTestError
from pipecat_voice_test.report.text import masked, plain_text
from pipecat_voice_test.shown.overview import config_file, with_config
from pipecat_voice_test.undisturbed import undisturbed
from pipecat_voice_test.voice.cache import default_cache_folder

if TYPE_CHECKING:
    from pipecat_voice_test.checkup.containers import Wanted

_SIGNS = {Mark.OK: "✓", Mark.MISS: "✗", Mark.NOTE: "!"}
_PLAIN_SIGNS = {Mark.OK: "ok", Mark.MISS: "MISS", Mark.NOTE: "note"}
_STYLES = {Mark.OK: "green", Mark.MISS: "red", Mark.NOTE: "yellow"}
_TOPIC_WIDTH = 11

Probe = tuple[str, Callable[[], Iterable[Finding]]]


def doctor(environ: Mapping[str, str], bot_image: str | None, out: TextIO | None = None) -> int:
    """Look at everything a run needs here, and say it.

    Args:
        environ: The environment; what it and `voice-test.yaml` ask for is what must be there.
        bot_image: The image to look for; None for the one that is asked for otherwise.
        out: Where to print; None for standard output.

    Returns:
        0 if bots can be called; 6 if a container is asked for and cannot be started; 7 if this
        machine cannot keep time; 4 if anything else is missing.
    """
    shown = _Shown(out or sys.stdout)
    found: list[Finding] = []
    given, wrong = _given(environ, bot_image)
    for finding in (*wrong, *_all(_probes(given, environ))):
        found.append(finding)
        shown.finding(finding)
    shown.line("")
    for line in _summary(found):
        shown.line(line)
    return exit_code(found)


def _given(environ: Mapping[str, str], bot_image: str | None) -> tuple[Given, list[Finding]]:
    """What is asked for, here and in the scenarios' config, and what is wrong with it."""
    given = Given({"bot-image": (bot_image,)} if bot_image else {}, environ)
    paths = [Path(options.DEFAULT_PATH)]
    try:
        file = config_file(paths)
        found = [] if file is None else [ok("config", f"{options.DEFAULT_PATH}/{file.name}")]
        return with_config(given, paths), found
    except VoiceTestError as error:
        return given, [miss("config", error, ExitCode.USAGE)]


def _probes(given: Given, environ: Mapping[str, str]) -> Iterator[Probe]:
    yield "Python", software.python
    yield "packages", software.packages
    yield "speech", software.speech
    yield "webrtc", lambda: over_webrtc.webrtc(asked=given.need(options.BOT_TRANSPORT) == "webrtc")
    yield "results", lambda: folders.results(Path(given.need(options.OUTPUT_DIR)))
    yield "cache", lambda: folders.cache(default_cache_folder(environ))
    yield "open files", folders.open_files
    yield "bot-env", lambda: _variables(given, environ)
    yield "engine", lambda: _containers(given, environ)
    yield "CPUs", pace.processors
    yield "time", lambda: pace.pace(undisturbed())
    yield "control bot", _control


def _all(probes: Iterable[Probe]) -> Iterator[Finding]:
    for topic, probe in probes:
        yield from guarded(topic, probe)


def _variables(given: Given, environ: Mapping[str, str]) -> Iterator[Finding]:
    """What is to be passed on to the bot and is not set here, without which no run begins."""
    names = [name for name in given.each(options.BOT_ENV) if "=" not in name]
    unset = [name for name in names if name not in environ]
    if unset:
        error = UsageError(
            f"{', '.join(unset)} should be passed on to the bot, and is not set here",
            fix="set it, say `--bot-env KEY=VALUE`, or take it out of voice-test.yaml.",
        )
        yield miss("bot-env", error, ExitCode.USAGE)
    elif names:
        yield ok("bot-env", f"{', '.join(names)} can be passed on to the bot")


def _control() -> Iterator[Finding]:
    """Whether a bot of known timing is measured right; a second, and more if it is not."""
    with undisturbed():
        tried = selftest.tested_alone()
    control = tried[-1].control
    if tried[-1].wrong:
        yield miss("control bot", selftest.unfit(tried), ExitCode.INCONCLUSIVE)
    else:
        yield ok(
            "control bot",
            f"answer missed by {control.response_error_ms:+.1f} ms, stop by "
            f"{control.stop_error_ms:+.1f} ms; limit {OFF_BY_MS:.0f}",
        )


def _containers(given: Given, environ: Mapping[str, str]) -> Iterator[Finding]:
    # docker-py takes a quarter of a second to import, and may be missing.
    from pipecat_voice_test.checkup.containers import engine

    yield from engine(environ, _wanted(given))


def _wanted(given: Given) -> "Wanted":
    from pipecat_voice_test.checkup.containers import Wanted

    port = given.need(options.BOT_PORT)
    chosen = given.chosen(options.LAUNCHERS)
    if options.BOT_IMAGE in chosen:
        return Wanted("image", image=given.need(options.BOT_IMAGE), port=port)
    if options.BOT_BUILD in chosen:
        folder, dockerfile = given.need(options.BOT_BUILD), given(options.BOT_DOCKERFILE)
        return Wanted("build", folder=folder, dockerfile=dockerfile, port=port)
    return Wanted("compose" if options.BOT_COMPOSE in chosen else "", port=port)


def _summary(found: Sequence[Finding]) -> Iterator[str]:
    misses = [finding for finding in found if finding.mark is Mark.MISS]
    code = exit_code(found)
    if code is not ExitCode.PASSED:
        serious = sum(finding.code is not None for finding in misses)
        yield f"{serious} thing{'s' * (serious != 1)} to mend before bots can be called here."
    elif any(finding.topic == "engine" for finding in misses):
        yield "Bots can be called here with `--bot-command` and `--bot-url`, which need no engine."
    else:
        yield "Bots can be called here."


class _Shown:
    """Lines on a terminal or in a log, with signs that it can show."""

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out, highlight=False, emoji=False, markup=False)
        self._signs = _SIGNS if _can_show("".join(_SIGNS.values()), out) else _PLAIN_SIGNS
        self._sign_width = max(map(len, self._signs.values()))

    def finding(self, finding: Finding) -> None:
        sign = f"{self._signs[finding.mark]:{self._sign_width}}"
        topic = f"{finding.topic:{_TOPIC_WIDTH}}"
        self._print(Text.assemble((sign, _STYLES[finding.mark]), f" {topic} {_safe(finding.text)}"))
        indent = " " * (self._sign_width + _TOPIC_WIDTH + 2)
        for number, line in enumerate(finding.fix.splitlines()):
            label = "Fix: " if number == 0 else "     "
            # Commands are to be copied as they are.
            self._print(Text(f"{indent}{label}{plain_text(line)}"))
        for line in _safe(finding.evidence).splitlines():
            self._print(Text(f"{indent}{line}", style="dim"))

    def line(self, text: str) -> None:
        self._print(Text(text))

    def _print(self, text: Text) -> None:
        with suppress(OSError, ValueError):  # Nobody may read any more.
            self._console.print(text, soft_wrap=True)


def _safe(text: str) -> str:
    return masked(plain_text(text))


def _can_show(text: str, out: TextIO) -> bool:
    try:
        text.encode(getattr(out, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
