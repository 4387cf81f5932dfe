"""How a command that ended early says why, with nothing in it that acts on who reads it."""

import traceback

import click

from pipecat_voice_test.errors import VoiceTestError

NAME = "pipecat-voice-test"


def print_error(error: VoiceTestError) -> None:
    from pipecat_voice_test.report.text import masked, plain_text

    # Our own advice names options, which a mask would take for secrets.
    shown = VoiceTestError(masked(error.what), fix=error.fix, evidence=masked(error.evidence))
    click.echo(f"Error: {plain_text(str(shown))}", err=True)


def print_traceback() -> None:
    """Of the exception that is being handled, which is a mistake of ours."""
    from pipecat_voice_test.report.text import masked, plain_text

    click.echo(masked(plain_text(traceback.format_exc())), err=True, nl=False)
    click.echo(
        f"Error: this is a mistake in {NAME}, not in your bot.\n"
        "  Fix: report it together with the lines above.",
        err=True,
    )
