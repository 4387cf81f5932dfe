"""timeline.png: legible whatever the call was like, and small (issue 5)."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.picture.palette import RGB
from pipecat_voice_test.report.picture.shapes import (
    Box,
    Fill,
    Hatch,
    Ink,
    Line,
    Mark,
    Picture,
    Sign,
    Text,
    Wave,
)
from pipecat_voice_test.report.picture.timeline import timeline_layout, timeline_png
from pipecat_voice_test.report.view.model import (
    CallView,
    Distance,
    Evidence,
    Lane,
    Miss,
    Moment,
    MomentKind,
    Region,
    RegionKind,
)

from report.runs import HOSTILE

PASSED, FAILED, INCONCLUSIVE = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE
NOTHING = Evidence()


def recorded(seconds: float) -> Evidence:
    """A voice in both lanes that comes and goes."""
    at = np.arange(round(seconds * 8000)) / 8000
    tone = np.sin(2 * np.pi * 440 * at) * 9000
    said = np.where(at % 4 < 1.5, tone, 0).astype(np.int16)
    heard = np.where(at % 4 > 2, tone, 0).astype(np.int16)
    return Evidence(said, heard)


def conversation(turns: int, turn_ms: float = 4000.0, *, late: int = 0) -> CallView:
    """A call of so many turns, of which the last `late` are answered too late."""
    regions: list[Region] = []
    distances: list[Distance] = []
    misses: list[Miss] = []
    for turn in range(turns):
        start = turn * turn_ms
        end, answer = start + 0.4 * turn_ms, start + 0.55 * turn_ms
        failed = turn >= turns - late
        limit_ms = 0.1 * turn_ms if failed else turn_ms
        regions.append(
            Region(Lane.CALLER, RegionKind.SPEECH, start, end, f"Question {turn}, please?")
        )
        regions.append(Region(Lane.BOT, RegionKind.SPEECH, answer, start + 0.95 * turn_ms))
        verdict = FAILED if failed else PASSED
        distances.append(Distance("response_ms", turn, end, answer, limit_ms, verdict))
        if failed:
            text = f"turn {turn + 1} (line {turn}): response was too long for anybody"
            misses.append(Miss(FAILED, text, "response_ms", turn, answer))
    moments = (Moment(turns * turn_ms, MomentKind.ENDED, "the caller hung up"),)
    verdict = FAILED if late else PASSED
    return CallView(
        "Opening hours", 1, verdict, turns * turn_ms, tuple(regions), moments, tuple(distances),
        tuple(misses),
    )  # fmt: skip


def crowded(count: int, end_ms: float) -> CallView:
    """Everything at once, everywhere."""
    at = [end_ms * number / count for number in range(count)]
    wide = end_ms / count * 1.5
    kinds, moments = list(RegionKind)[1:], list(MomentKind)
    return CallView(
        name=HOSTILE * 20,
        number=12,
        verdict=FAILED,
        duration_ms=end_ms,
        regions=tuple(
            [Region(Lane.CALLER, RegionKind.SPEECH, ms, ms + wide, "W" * 60) for ms in at]
            + [Region(Lane.BOT, RegionKind.SPEECH, ms, ms + wide, "i" * 60) for ms in at]
            + [
                Region(Lane.BOT, kinds[n % len(kinds)], ms, ms + wide / 3, "cut-in, 900 ms")
                for n, ms in enumerate(at)
            ]
        ),
        moments=tuple(
            Moment(ms, moments[n % len(moments)], f"name {n} " * 9) for n, ms in enumerate(at)
        ),
        distances=tuple(
            Distance(
                "response_ms", n, ms, ms + wide, wide / (1 + n % 3),
                (FAILED, INCONCLUSIVE, PASSED)[n % 3],
            )
            for n, ms in enumerate(at)
        ),
        misses=tuple(
            Miss((FAILED, INCONCLUSIVE)[n % 2], f"{HOSTILE} {'word ' * 100}", "x", n, ms)
            for n, ms in enumerate(at)
        ),
        error="it went wrong. Fix: " + "try again " * 100,
    )  # fmt: skip


ERROR = CallView("Never began", 1, Verdict.ERROR, 0.0, error="bot:ci ended. Fix: read its log.")
VIEWS = {
    "empty": CallView("", 1, PASSED, 0.0),
    "error": ERROR,
    "two-seconds": conversation(1, 2000.0, late=1),
    "usual": conversation(7, late=2),
    "dense": conversation(30, 1000.0, late=30),
    "thirty-turns": conversation(30),
    "ten-minutes": conversation(150, late=3),
    "an-hour": conversation(30, 120_000.0),
    "crowded": crowded(60, 30_000.0),
    "very-crowded": crowded(1000, 600_000.0),
    "crowded-second": crowded(40, 900.0),
    "no-space-in-a-name": replace(conversation(2), name="x" * 3000),
}


@pytest.fixture(scope="module")
def layouts() -> dict[str, Picture]:
    return {name: timeline_layout(view, NOTHING) for name, view in VIEWS.items()}


@pytest.fixture(params=VIEWS)
def layout(request: pytest.FixtureRequest, layouts: dict[str, Picture]) -> Picture:
    return layouts[request.param]


def labels_on_each_other(picture: Picture) -> list[tuple[str, str]]:
    texts = sorted(picture.texts(), key=lambda text: text.box.top)
    return [
        (one.text, other.text)
        for place, one in enumerate(texts)
        for other in texts[place + 1 : place + 400]
        if one.box.overlaps(other.box)
    ]


def test_no_words_lie_on_other_words(layout: Picture) -> None:
    assert labels_on_each_other(layout) == []


def test_nothing_is_cut_off(layout: Picture) -> None:
    whole = Box(0, 0, layout.width, layout.height)
    boxes = [shape.box for shape in layout.shapes]

    assert layout.width == 1200
    assert [box for box in boxes if box.left < 0 or box.top < 0] == []
    assert [box for box in boxes if box.right > whole.right or box.bottom > whole.bottom] == []
    assert [box for box in boxes if box.left >= box.right or box.top > box.bottom] == []


def test_no_sign_lies_on_words(layout: Picture) -> None:
    signs = [s for s in layout.shapes if isinstance(s, Sign) and s.mark is not Mark.DISC]
    covered = [
        (sign.mark, text.text)
        for sign in signs
        for text in layout.texts()
        if sign.box.overlaps(text.box)
    ]

    assert covered == []


def test_however_long_a_call_is_its_picture_is_bounded(layout: Picture) -> None:
    assert layout.height < 4600
    assert len(layout.shapes) < 12_000


@pytest.mark.parametrize("name", ["empty", "error", "crowded", "an-hour"])
def test_a_picture_can_be_drawn_of_everything(name: str, layouts: dict[str, Picture]) -> None:
    data = timeline_png(VIEWS[name], NOTHING)

    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert (image.format, image.mode, image.size) == ("PNG", "P", (1200, layouts[name].height))
        assert "transparency" not in image.info


# --- what is seen -------------------------------------------------------------------------


def found(view: CallView, evidence: Evidence = NOTHING) -> list[str]:
    return [text.text for text in timeline_layout(view, evidence).texts()]


def test_the_title_says_which_call_and_how_it_came_out() -> None:
    texts = found(VIEWS["usual"])

    assert texts[0] in ("Opening hours, call 1", "FAILED")
    assert {"Opening hours, call 1", "FAILED"} <= set(texts)
    assert "28.0 s, the caller hung up, 2 checks failed" in texts


def test_the_axis_is_in_seconds_and_says_so() -> None:
    texts = found(VIEWS["usual"])

    assert "time (s)" in texts
    assert [text for text in texts if text.isdecimal() and int(text) > 9] == [
        "10", "12", "14", "16", "18", "20", "22", "24", "26", "28",
    ]  # fmt: skip


def test_each_miss_is_told_with_its_second_and_numbered_in_the_picture() -> None:
    layout = timeline_layout(VIEWS["usual"], NOTHING)
    texts = [text.text for text in layout.texts()]
    discs = [s for s in layout.shapes if isinstance(s, Sign) and s.mark is Mark.DISC]

    assert "turn 6 (line 5): response was too long for anybody" in texts
    assert {"22.2 s", "26.2 s"} <= set(texts)
    assert (texts.count("1"), len(discs)) == (2, 4)  # In the list, and over the caller's lane.


def test_a_distance_that_missed_its_limit_stands_out_not_by_its_colour_alone() -> None:
    layout = timeline_layout(VIEWS["usual"], NOTHING)
    heavy = [s.box for s in layout.shapes if isinstance(s, Line) and s.ink is Ink.BAD
             and s.box.bottom - s.box.top >= 5 and s.box.right - s.box.left > 5]  # fmt: skip
    crosses = [s for s in layout.shapes if isinstance(s, Sign) and s.mark is Mark.CROSS]
    (label,) = [t for t in layout.texts() if t.text == "response 600 ms, limit 400"][:1]
    grounds = [s for s in layout.shapes if isinstance(s, Fill) and s.box.overlaps(label.box)]

    # Two in the call, and the one that the legend explains.
    assert len(heavy) == 3
    assert len(crosses) == 3  # One in the badge.
    assert (label.ink, label.back, [ground.ink for ground in grounds]) == (
        Ink.PAPER, Ink.BAD, [Ink.BAD],
    )  # fmt: skip
    assert "response 600 ms, limit 4000" in found(VIEWS["usual"])


def test_what_failed_is_named_also_where_there_is_no_room_for_the_others() -> None:
    texts = found(conversation(36, 2000.0, late=2))

    assert texts.count("response 300 ms, limit 200") == 2
    assert "response 300 ms, limit 2000" not in texts
    assert texts.count("300 ms") == 34


def test_where_both_speak_is_hatched_and_named() -> None:
    regions = (Region(Lane.BOT, RegionKind.CUT_IN, 1000.0, 2000.0, "cut-in, 1.0 s"),)
    layout = timeline_layout(CallView("", 1, PASSED, 10_000.0, regions), NOTHING)
    hatched = [shape.box for shape in layout.shapes if isinstance(shape, Hatch)]
    lanes = [shape.box for shape in layout.shapes if isinstance(shape, Wave)]

    assert (hatched[0].top, hatched[0].bottom) == (lanes[1].top, lanes[1].bottom)
    assert {"cut-in, 1.0 s", "both speak"} <= {text.text for text in layout.texts()}


def test_a_long_call_is_broken_into_strips_that_follow_each_other() -> None:
    layout = timeline_layout(VIEWS["ten-minutes"], NOTHING)
    waves = [s for s in layout.shapes if isinstance(s, Wave) and s.lane is Lane.BOT]

    assert [wave.from_ms for wave in waves[1:]] == [wave.to_ms for wave in waves[:-1]]
    assert (len(waves), waves[0].from_ms) == (6, 0.0)
    assert waves[-1].to_ms >= 600_000
    assert len(timeline_layout(VIEWS["usual"], NOTHING).texts()) > 0


def test_a_call_that_never_was_says_why() -> None:
    texts = found(ERROR)

    assert {"Never began, call 1", "ERROR", "no call was held"} <= set(texts)
    assert "bot:ci ended. Fix: read its log." in texts


def test_marks_that_lie_on_each_other_are_counted() -> None:
    moments = tuple(Moment(5000.0 + n, MomentKind.MARK, f"m{n}") for n in range(12))
    texts = found(CallView("", 1, PASSED, 10_000.0, moments=moments))

    assert "12 marks" in texts


def test_keys_are_read_as_they_were_pressed() -> None:
    moments = tuple(Moment(5000.0 + 100 * n, MomentKind.KEY, key) for n, key in enumerate("12#"))
    texts = found(CallView("", 1, PASSED, 10_000.0, moments=moments))

    assert "keys 12#" in texts


def test_only_letters_that_there_are_are_drawn() -> None:
    texts = found(replace(VIEWS["usual"], name="Köln \N{EN DASH} 営業時間 \U0001f600 שלום ½"))

    assert "Koln - ???? ? ???? 1\N{FRACTION SLASH}2, call 1" in texts


# --- the file -----------------------------------------------------------------------------


def test_a_picture_is_small_and_always_the_same() -> None:
    data = timeline_png(VIEWS["usual"], recorded(28))

    assert data == timeline_png(VIEWS["usual"], recorded(28))
    assert len(data) < 60_000


def test_the_waveforms_are_where_somebody_speaks() -> None:
    evidence = recorded(28)
    layout = timeline_layout(VIEWS["usual"], evidence)
    said, heard = (shape.box for shape in layout.shapes if isinstance(shape, Wave))
    with Image.open(io.BytesIO(timeline_png(VIEWS["usual"], evidence))) as image:
        pixels = image.convert("RGB")
    second_px = (said.right - said.left) / 28.28

    def at(lane: Box, second: float) -> tuple[int, ...]:
        x = lane.left + round(second * second_px)
        found = pixels.getpixel((x, (lane.top + lane.bottom) // 2 - 8))
        assert isinstance(found, tuple)
        return found

    # Both have spoken after 1 s and 3 s; between them is a pause.
    assert (at(said, 1.0), at(heard, 3.0)) == (RGB[Ink.CALLER], RGB[Ink.BOT])
    assert (at(said, 1.8), at(heard, 1.8)) == (RGB[Ink.PAPER], RGB[Ink.PAPER])


def test_words_have_a_ground_of_their_own() -> None:
    text = next(t for t in timeline_layout(VIEWS["usual"], NOTHING).texts() if "call 1" in t.text)
    with Image.open(io.BytesIO(timeline_png(VIEWS["usual"], NOTHING))) as image:
        colours = {c for _, c in image.convert("RGB").crop(text.box).getcolors() or []}

    assert isinstance(text, Text)
    assert {RGB[Ink.PAPER], RGB[Ink.TEXT]} <= colours
