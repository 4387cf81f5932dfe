"""report.html: the run in one file, from its verdict down to the second.

Text comes first, call by call, so that a browser paints while it reads; the recordings stand at
the end, after everything there is to read. What a call shows is made when it is its turn, and
its recording read once more when it is written: never are all of them in memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipecat_voice_test import __version__
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.cells import SIGNS
from pipecat_voice_test.report.comparison import COLUMNS, headline, not_compared, silence
from pipecat_voice_test.report.comparison import rows as comparison_rows
from pipecat_voice_test.report.facts import counts_line, words
from pipecat_voice_test.report.files import CallFiles, Place
from pipecat_voice_test.report.page import overview
from pipecat_voice_test.report.page.calls import CallPart, call_part, scenario_part
from pipecat_voice_test.report.page.figures import figures
from pipecat_voice_test.report.page.looks import looks, name_of, rendered
from pipecat_voice_test.report.page.sound import (
    AudioBudget,
    chosen,
    embedded_bytes,
    in_base64,
    ulaw_wav_blocks,
)
from pipecat_voice_test.report.rig import rig_line
from pipecat_voice_test.report.text import one_line
from pipecat_voice_test.report.view.build import call_view
from pipecat_voice_test.report.view.evidence import Shelf
from pipecat_voice_test.report.view.words import shown

DEFAULT_BUDGET = AudioBudget()
_AUDIO_OPEN = '<script type="text/plain" class="call-audio" data-call="{}">'
_AUDIO_CLOSE = b"</script>\n"


@dataclass(frozen=True, slots=True)
class _Sound:
    """The place in a page where a call says where its recording is.

    Attributes:
        samples: Of the recording; 0 if there is none.
        outside, inside: What stands there if it lies beside the page, and if it is in it.
    """

    id: str
    verdict: Verdict
    samples: int
    files: CallFiles
    outside: bytes
    inside: bytes

    @property
    def cost_bytes(self) -> int:
        """How much longer the page is with the recording in it."""
        around_bytes = len(_AUDIO_OPEN.format(self.id)) + len(_AUDIO_CLOSE)
        text_bytes = len(self.inside) - len(self.outside)
        return embedded_bytes(self.samples) + around_bytes + text_bytes


Piece = bytes | _Sound


def page_html(
    run: RunResult,
    place: Place,
    shelf: Shelf,
    audio: AudioBudget = DEFAULT_BUDGET,
    *,
    version: str = __version__,
) -> Iterator[bytes]:
    """Render a run as one page, piece by piece.

    Args:
        run: What there is to tell.
        place: Where the files of its calls lie; links are relative to its output folder.
        shelf: Gives what is in those files.
        audio: Which recordings go into the page, and up to which size of it.
        version: Of this program.
    """
    pieces = [
        *_top(run, place, version),
        *_calls(run, place, shelf, audio),
        rendered("bottom.html"),
    ]
    text = [piece if isinstance(piece, bytes) else piece.outside for piece in pieces]
    around = _around(run, text, version)
    sounds = [piece for piece in pieces if isinstance(piece, _Sound)]
    left_bytes = audio.page_bytes - sum(map(len, [*text, *around]))
    inside = _inside(run, sounds, audio, left_bytes)
    yield around[0]
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield piece.inside if piece.id in inside else piece.outside
    # Before the recordings, which take a browser longer to read than all the rest.
    yield around[1]
    for sound in sounds:
        if sound.id in inside:
            yield from _recording(sound, shelf)
    yield around[2]


def _around(run: RunResult, text: Sequence[bytes], version: str) -> list[bytes]:
    """What comes before the text, after it, and after the recordings."""
    frame = looks(text)
    title = f"{SIGNS[run.verdict]} {words(run.verdict)}: {counts_line(run)}, pipecat-voice-test"
    return [
        rendered("frame.html", title=title, version=version, **frame),
        rendered("tail.html", **frame),
        rendered("end.html"),
    ]


def _top(run: RunResult, place: Place, version: str) -> Iterator[bytes]:
    bad, unjudged = overview.troubles(run, place)
    compared = run.compared
    yield rendered(
        "top.html",
        run=run,
        version=version,
        bot=name_of(run.bot.name),
        counts=counts_line(run),
        rig=rig_line(run).removeprefix("rig: "),
        shard="" if run.shard is None else str(run.shard),
        runner=one_line(run.runner),
        worst=overview.worst_fault(run),
        bad=bad,
        unjudged=unjudged,
        run_faults=overview.run_faults(run),
        problems=list(overview.problems(run)),
        undecided=overview.undecided_lines(run),
        passed_over=overview.passed_over(run),
        rows=list(overview.rows(run)),
        figures=figures(run),
    )
    if compared is not None:
        yield rendered(
            "comparison.html",
            headline=headline(compared),
            silence=silence(compared),
            notes=[shown(note) for note in compared.notes],
            not_compared=not_compared(compared),
            columns=COLUMNS,
            rows=list(comparison_rows(compared.comparisons)),
        )


def _calls(run: RunResult, place: Place, shelf: Shelf, audio: AudioBudget) -> Iterator[Piece]:
    yield rendered("calls.html", is_empty=not run.scenarios)
    for index, result in enumerate(run.scenarios):
        scenario = scenario_part(run, index, place)
        yield rendered("scenario.html", scenario=scenario)
        for position, call in enumerate(result.calls):
            files = place.of_call(index, position)
            evidence = shelf.evidence(files)
            view = call_view(result, call, evidence)
            part = call_part(result, (index, position), view, evidence, files)
            yield rendered("call_head.html", call=part)
            yield _sound(part, files, audio)
            yield rendered("call_body.html", call=part)
        yield b"</div></div></section>\n"


def _inside(
    run: RunResult, sounds: Sequence[_Sound], audio: AudioBudget, left_bytes: int
) -> frozenset[str]:
    """Ids of the calls whose recordings go into the page."""
    if audio.choice == "none":
        return frozenset()
    bytes_of = {
        sound.id: sound.cost_bytes
        for sound in sounds
        if sound.samples and (audio.choice == "all" or sound.verdict is Verdict.FAILED)
    }
    order = [overview.call_id(*where) for where in overview.by_weight(run)]
    return frozenset(chosen(order, bytes_of, left_bytes))


def _sound(part: CallPart, files: CallFiles, audio: AudioBudget) -> _Sound:
    def player(*, is_inside: bool) -> bytes:
        return rendered(
            "player.html",
            call=part,
            is_inside=is_inside,
            budget_mb=f"{audio.page_bytes / 1e6:g}",
            choice=audio.choice,
            data={
                **part.data,
                "audio": {"file": part.recording or None, "embedded": is_inside},
            },
        )

    return _Sound(
        part.id,
        part.verdict,
        part.samples,
        files,
        player(is_inside=False),
        player(is_inside=True),
    )


def _recording(sound: _Sound, shelf: Shelf) -> Iterator[bytes]:
    """A recording as text, read now; what has gone away since then leaves it empty."""
    evidence = shelf.evidence(CallFiles(recording=sound.files.recording))
    said, heard = (lane[: sound.samples] for lane in (evidence.said, evidence.heard))
    yield _AUDIO_OPEN.format(sound.id).encode()
    yield from in_base64(ulaw_wav_blocks(said, heard))
    yield _AUDIO_CLOSE
