"""The page at the end of a command: the last thing that is written, and the only one to spare."""

import traceback
from typing import cast

import click

from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.options import REPORT_AUDIO, REPORT_MB
from pipecat_voice_test.errors import VoiceTestError
from pipecat_voice_test.measurement.results import RunResult
from pipecat_voice_test.report.page.sound import AudioBudget, Choice
from pipecat_voice_test.report.text import masked, plain_text
from pipecat_voice_test.report.write import ResultsFolder


def audio_of(given: Given) -> AudioBudget:
    """Which recordings the page may carry inside.

    Raises:
        UsageError: What was asked for is none of the ways.
    """
    megabytes = given.need(REPORT_MB)
    choice = cast(Choice, given.need(REPORT_AUDIO))
    return AudioBudget(choice, megabytes * 1_000_000)


def write_page(folder: ResultsFolder, run: RunResult, audio: AudioBudget) -> None:
    """Write it. Without it the other reports are whole, so that is said and the verdict stands."""
    try:
        folder.write_page(run, folder.place(run), audio)
    except VoiceTestError as error:
        click.echo(f"Warning: there is no page: {error}", err=True)
    except Exception as error:
        text = masked(plain_text("".join(traceback.format_exception(error))))
        click.echo(f"Warning: there is no page, which is a fault of ours:\n{text}", err=True)
