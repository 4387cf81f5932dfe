"""`init`: what a repository needs to be tested, found out, written and told."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from pipecat_voice_test.errors import ExitCode, UsageError, VoiceTestError
from pipecat_voice_test.report.text import plain_text
from pipecat_voice_test.setup import pipeline, workflow
from pipecat_voice_test.setup.disk import DiskRepository, root_of, write_new
from pipecat_voice_test.setup.files import NewFile, new_files, scenarios_folder
from pipecat_voice_test.setup.survey import RESULTS, Ci, Survey, survey

_SYSTEMS: Mapping[str, tuple[Ci, ...]] = {
    "github": ("github",),
    "gitlab": ("gitlab",),
    "both": ("github", "gitlab"),
    "none": (),
}
_NAMES: Mapping[Ci, str] = {"github": "GitHub", "gitlab": "GitLab"}
_OTHERS_SHOWN = 5


def init(folder: Path, ci: str | None, environ: Mapping[str, str]) -> int:
    """Write a first scenario, a config and a CI job for the bot in `folder`.

    Nothing that is there is changed, so it may be done again.

    Args:
        folder: The bot's folder; its repository is the nearest one upwards.
        ci: `github`, `gitlab`, `both` or `none`; None takes what the repository uses.
        environ: Not read: everything is in the repository.

    Returns:
        0, or 4 if something could not be written.

    Raises:
        UsageError: There is no such folder.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise UsageError(f"{folder} {what}.", fix="name the folder of your bot with `--dir`.")
    root = root_of(folder)
    repository = DiskRepository(root)
    base = folder.resolve().relative_to(repository.root).as_posix()
    found = survey(repository, "" if base == "." else base)
    systems = _systems(found, ci)
    for line in _findings(found, ci):
        click.echo(plain_text(line))
    for advice in found.advice:
        click.echo(plain_text(f"Warning: {VoiceTestError(advice.what, fix=advice.fix)}"))
    written, failed = _write(root, new_files(found, systems, repository.files))
    for line in _next_steps(found, root, written):
        click.echo(plain_text(line))
    return ExitCode.USAGE if failed else ExitCode.PASSED


def _systems(found: Survey, ci: str | None) -> Sequence[Ci]:
    if ci is not None:
        return _SYSTEMS[ci]
    return [seen.value for seen in found.ci] or ["github"]


def _findings(found: Survey, ci: str | None) -> Iterator[str]:
    """What was found, one a line, each with its place."""
    launch, listening = found.launch, found.listening
    ways = {
        "build": f"{launch.file}, built from {launch.folder or 'the top of the repository'}",
        "compose": f"service `{launch.service.name if launch.service else ''}` of"
        f" {launch.compose_file}",
        "command": f"{launch.file}, started without a container",
        "url": "not found",
    }
    yield f"Found the bot: {ways[launch.way]}"
    if launch.others:
        more = len(launch.others) - _OTHERS_SHOWN
        names = ", ".join(launch.others[:_OTHERS_SHOWN])
        yield f"  also there:  {names}{f' and {more} more' if more > 0 else ''}"
    yield f"  port:        {listening.port.value} ({listening.port.where})"
    yield f"  media path:  {listening.path.value} ({listening.path.where})"
    if found.pipecat:
        yield f"  Pipecat:     {found.pipecat}"
    for needed in found.needed:
        kind = "secret" if needed.is_secret else "setting"
        yield f"  {kind + ':':12} {needed.name} ({needed.where})"
    if ci is None:
        systems = [f"{_NAMES[seen.value]} ({seen.where})" for seen in found.ci]
        yield f"  tested by:   {', '.join(systems) or 'GitHub (assumed; else give --ci)'}"


def _write(root: Path, files: Sequence[NewFile]) -> tuple[list[str], bool]:
    """Write what is not there. A file that cannot be written keeps no other from it."""
    written: list[str] = []
    failed = False
    for file in files:
        try:
            is_new = write_new(root, file.path, file.text)
        except OSError as error:
            failed = True
            reason = error.strerror or error
            mistake = UsageError(
                f"{file.path} could not be written: {reason}.",
                fix=f"let this user write into {root}, or name another folder with `--dir`.",
            )
            click.echo(f"Error: {plain_text(str(mistake))}", err=True)
            continue
        if is_new:
            written.append(file.path)
        click.echo(plain_text(f"{'Wrote' if is_new else 'Already there'}: {file.path}"))
    return written, failed


def _next_steps(found: Survey, root: Path, written: Sequence[str]) -> Iterator[str]:
    """What is left for a person to do."""
    scenarios = scenarios_folder(found.base)
    secrets = [needed.name for needed in found.needed if needed.is_secret]
    settings = [needed.name for needed in found.needed if not needed.is_secret]
    yield ""
    yield "Next:"
    if root != Path.cwd().resolve():
        yield f"  cd {root}"
    yield f"  {workflow.run_command(scenarios)}"
    if not found.ignores_results:
        yield f"Add to .gitignore: {RESULTS}/"
    if workflow.PATH in written:
        if secrets:
            yield f"Give the repository these secrets for Actions: {', '.join(secrets)}"
        if settings:
            yield f"Give the repository these variables for Actions: {', '.join(settings)}"
    if pipeline.PATH_BESIDE in written:
        yield f"Add to {pipeline.PATH}:"
        yield from (f"  {line}" for line in pipeline.including(pipeline.PATH_BESIDE).splitlines())
