"""What was asked for: the command line, its help, and its exit codes.

Everything heavy is imported by the command that needs it, so that `--help` is there at once.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from pipecat_voice_test import __version__
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.help import MERGE_EXIT_CODES, RUN_EXIT_CODES, paragraphs
from pipecat_voice_test.asked.options import (
    DEFAULT_PATH,
    DEMO_SETTINGS,
    MERGE_SETTINGS,
    REPORT_SETTINGS,
    RUN_SETTINGS,
    Setting,
)
from pipecat_voice_test.command.ctrl_c import as_ctrl_c
from pipecat_voice_test.errors import ExitCode, UsageError, VoiceTestError
from pipecat_voice_test.shown.complaints import NAME, print_error, print_traceback
from pipecat_voice_test.undisturbed import loading


class _Commands(click.Group):
    """Turns every way a command can end into our messages and exit codes."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        _harmless_streams()
        try:
            with as_ctrl_c():
                code = super().main(*args, **kwargs)
        except VoiceTestError as error:
            print_error(error)
            code = error.exit_code
        except click.ClickException as error:
            print_error(_usage_error(error))
            code = ExitCode.USAGE
        except (KeyboardInterrupt, click.Abort):
            click.echo("Error: interrupted.", err=True)
            code = ExitCode.INTERRUPTED
        except Exception:
            print_traceback()
            code = ExitCode.INTERNAL
        _flush()
        sys.exit(int(code or 0))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are met, not in that of the alphabet."""
        return list(self.commands)


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=paragraphs(
        "Phone a Pipecat bot as a caller would, talk over it, and check how it listens.",
        f"Start with `{NAME} demo`: it calls a bot that comes along, and needs nothing.",
        RUN_EXIT_CODES,
    ),
)
@click.version_option(__version__, prog_name=NAME)
@click.pass_context
def main(context: click.Context, /) -> int:
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        return ExitCode.USAGE
    return ExitCode.PASSED


def _with(settings: Sequence[Setting[Any]]) -> Callable[[Any], Any]:
    def declare(command: Any) -> Any:
        for setting in reversed(settings):
            command = setting.declared()(command)
        return command

    return declare


_FOLDER = click.Path(path_type=Path)
_PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))


@main.command(
    help=paragraphs(
        "Phone a Pipecat bot and check how it listens.",
        f"""Each of PATHS is a scenario file, or a folder of them; without any, {DEFAULT_PATH}.
        The bot is started, called once per scenario in real time as a telephone network would,
        and stopped. Which bot is said by one of --bot-image, --bot-build, --bot-compose,
        --bot-command and --bot-url:""",
        f"""\b
        {NAME} run --bot-command "python bot.py -t twilio --port {{port}}"
        {NAME} run tests/voice/hours.yaml --bot-image shop/bot:ci --repeat 5""",
        """Every option may also be given in the environment as PVT_<OPTION> (PVT_BOT_COMMAND;
        repeatable ones one a line), or in a file voice-test.yaml in the scenarios' folder
        (`bot-command: …`). The command line counts most, then the environment, then the file.""",
        RUN_EXIT_CODES,
    )
)
@_PATHS
@_with(RUN_SETTINGS)
@click.pass_context
def run(context: click.Context, /, paths: tuple[Path, ...], **_: object) -> int:
    with loading():
        from pipecat_voice_test.command import session
    return session.run(Given.on_command_line(context, RUN_SETTINGS), _or_default(paths))


@main.command(
    help=paragraphs(
        "See it work: phone the bot that comes along, with the example scenarios.",
        """Needs no bot of yours, no Docker and no account. The bot is healthy; `--fault` makes it
        misbehave in one of the ways seen in the field, such as `--fault slow-yield=1500`, to show
        what a failure looks like.""",
        RUN_EXIT_CODES,
    )
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Make the bot misbehave; `--fault help` lists the ways. Repeatable.",
)
@_with(DEMO_SETTINGS)
@click.pass_context
def demo(context: click.Context, /, faults: tuple[str, ...], **_: object) -> int:
    with loading():
        from pipecat_voice_test.command import session
    if "help" in faults:
        from pipecat_voice_test.demo.faults import table

        click.echo(table())
        return ExitCode.PASSED
    return session.demo(Given.on_command_line(context, DEMO_SETTINGS), faults)


@main.command(
    help=paragraphs(
        "Read scenarios strictly, and call nobody.",
        f"""Each of PATHS is a scenario file, or a folder of them; without any, {DEFAULT_PATH}.
        Says what is wrong in every file, and what will be skipped and why.""",
        "\b\nExit code:\n  0  all files are good\n  4  a file is wrong, or there is none",
    )
)
@_PATHS
def validate(paths: tuple[Path, ...]) -> int:
    from pipecat_voice_test.shown import overview

    return overview.validate(_or_default(paths))


@main.command(
    help=paragraphs(
        "Write a first scenario, a workflow and a config for this repository.",
        """Finds Dockerfile, port, Compose file and what the bot wants in its environment itself,
        says what it found where, and overwrites nothing.""",
        "\b\nExit code:\n  0  everything is there\n  4  something could not be written",
    )
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="The repository, if it is not this folder.",
)
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "both", "none"]),
    default=None,
    help="The workflow to write, if not the one that the repository's host suggests.",
)
def init(folder: Path, ci: str | None) -> int:
    from pipecat_voice_test.command import init as command

    return command.init(folder, ci, os.environ)


@main.command(
    help=paragraphs(
        "Say what works here, with a fix for each miss.",
        """Looks at the container engine, what we may do with it, the speech engine, and whether
        this machine is fit to keep time; names what earlier runs left behind.""",
        """\b
Exit code:
  0  bots can be called here
  4  something else is missing: a config, a folder, a package, a speech engine
  6  the image that was named cannot be started
  7  this machine cannot keep time
Several apply: 6, 7, 4 in this order.""",
    )
)
@click.option("--bot-image", metavar="NAME", help="Look whether this image is there.")
def doctor(bot_image: str | None) -> int:
    from pipecat_voice_test.command import doctor as command

    return command.doctor(os.environ, bot_image)


@main.command(
    help=paragraphs(
        "Say whether a run is worse than an earlier one.",
        """BASE and NEW are the results.json of two runs. A median has become worse if it grew by
        more than 100 ms and by more than a tenth, and that is hardly chance; a rate, if it fell
        and that is hardly chance. What cannot be compared is said, and is neither.""",
        """\b
Exit code:
  0  nothing has become worse
  1  something has
  4  a file cannot be read or trusted
  7  nothing in them can be compared""",
    )
)
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--page",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the comparison as a page too, with both runs' values drawn side by side.",
)
def compare(base: Path, new: Path, page: Path | None) -> int:
    from pipecat_voice_test.command import compare as command

    return command.compare(base, new, page)


@main.command(
    help=paragraphs(
        "Join the results of shards, as if they had been one run.",
        """Each of DIR is the output folder of a run, or holds such folders, up to two levels down:
        what GitHub makes of several artifacts. Recordings are brought along, all reports written
        anew, and the median over the whole run is taken of all calls.""",
        """Runs that are no shards are joined too, if no scenario is in both. The run that comes of
        it is as long as the longest of them. A shard that is missing makes it inconclusive at
        best.""",
        MERGE_EXIT_CODES,
    )
)
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=_FOLDER)
@_with(MERGE_SETTINGS)
@click.pass_context
def merge(context: click.Context, /, folders: tuple[Path, ...], **_: object) -> int:
    from pipecat_voice_test.command import merge as command

    return command.merge(Given.on_command_line(context, MERGE_SETTINGS), folders)


@main.command(
    help=paragraphs(
        "Make the reports of a run again, from its results.json.",
        """Writes junit.xml, summary.md, ctrf.json and report.html beside RESULTS.json, which stays
        as it is. Scenarios and bot are not needed; what is gone of the recordings and logs is
        missing in the page, too.""",
        """Options may also be given in the environment, as those of `run`.""",
        """\b
Exit code:
  0  the reports are there, whatever they say of the bot
  4  RESULTS.json cannot be read or trusted, or nothing can be written beside it""",
    )
)
@click.argument("results", metavar="RESULTS.json", type=click.Path(path_type=Path))
@_with(REPORT_SETTINGS)
@click.pass_context
def report(context: click.Context, /, results: Path, **_: object) -> int:
    from pipecat_voice_test.command import report as command

    return command.report(Given.on_command_line(context, REPORT_SETTINGS), results)


@main.command(
    help=paragraphs(
        "Be the entry point of the GitHub Action: read INPUT_*, then do `run`.",
        """Writes the step's outputs, the job summary and annotations besides.""",
        RUN_EXIT_CODES,
    )
)
def action() -> int:
    with loading():
        from pipecat_voice_test.command import action as command

    return command.action(os.environ)


@main.command(
    help=paragraphs(
        "Print the JSON Schema of scenario files.",
        "Editors that know it complete keys and mark mistakes while you type.",
    )
)
def schema() -> int:
    import json

    from pipecat_voice_test.scenario.schema import scenario_schema

    click.echo(json.dumps(scenario_schema(), indent=2, ensure_ascii=False))
    return ExitCode.PASSED


def _or_default(paths: tuple[Path, ...]) -> list[Path]:
    return list(paths) or [Path(DEFAULT_PATH)]


def _usage_error(error: click.ClickException) -> UsageError:
    """What click has to say, in our words."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context is not None else f"{NAME} COMMAND"
    fix = f"see `{command} --help`."
    what = error.format_message()
    if isinstance(error, click.NoSuchOption):
        what = f"there is no option `{error.option_name}`."
    elif hasattr(error, "command_name"):
        what = f"there is no command `{error.command_name}`."
    if near := getattr(error, "possibilities", None):
        fix = f"did you mean {' or '.join(f'`{name}`' for name in near)}?"
    return UsageError(what, fix=fix)


def _harmless_streams() -> None:
    """A name that the terminal's encoding cannot say must not end the run."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    """What was printed is gone if nobody reads it any more; the exit code stays."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # Else the interpreter tries once more at exit, and ends with 120.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
