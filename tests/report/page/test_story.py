"""A call told second by second."""

from pipecat_voice_test.measurement.results import Verdict
from pipecat_voice_test.report.page.story import distance_text, story
from pipecat_voice_test.report.view.model import (
    CallView,
    Distance,
    Lane,
    Miss,
    Moment,
    MomentKind,
    Region,
    RegionKind,
)

VIEW = CallView(
    name="hours",
    number=1,
    verdict=Verdict.FAILED,
    duration_ms=9000,
    regions=(
        Region(Lane.BOT, RegionKind.SPEECH, 300, 2100),
        Region(Lane.CALLER, RegionKind.SPEECH, 3000, 4000, "When do you open?"),
        Region(Lane.BOT, RegionKind.TALK_OVER, 3000, 3500),
        Region(Lane.CALLER, RegionKind.SPEECH, 7000, 7200, "keys 1#"),
    ),
    moments=(
        Moment(3500, MomentKind.CLEAR, "340 ms unheard"),
        Moment(3600, MomentKind.MARK, "reply-1"),
        Moment(9000, MomentKind.ENDED, "the bot hung up (1000)"),
    ),
    distances=(
        Distance("response_ms", 1, 4000, 4812.4, 1500),
        Distance("stop_ms", 1, 3000, 3500, 100, Verdict.FAILED),
    ),
    misses=(
        Miss(Verdict.FAILED, "turn 2 (line 8): stop was 500 ms, limit 100", "stop_ms", 8, 3500),
        Miss(Verdict.FAILED, "the bot never said goodbye", "call_ended"),
    ),
)


def test_everything_that_happened_is_told_in_order_and_marks_are_not() -> None:
    told = [(beat.at_ms, beat.who, beat.says, beat.does) for beat in story(VIEW)]

    assert told == [
        (300, "bot", "", "speaks for 1.8 s"),
        (3000, "caller", "When do you open?", "speaks for 1.0 s"),
        (3000, "bot", "", "talks on over the caller, 500 ms"),
        (3500, "bot", "", "clears what is queued: 340 ms unheard"),
        (3500, "measured", "", "turn 2 (line 8): stop was 500 ms, limit 100"),
        (4812.4, "measured", "", "response 812 ms, limit 1500 ms"),
        (7000, "caller", "", "presses keys 1#"),
        (9000, "network", "", "the bot hung up (1000)"),
    ]


def test_a_time_that_missed_its_limit_is_told_once_by_its_check() -> None:
    failed = [beat.does for beat in story(VIEW) if beat.verdict is Verdict.FAILED]

    assert failed == ["turn 2 (line 8): stop was 500 ms, limit 100"]


def test_a_distance_without_a_limit_has_none() -> None:
    assert distance_text("recovery_ms", 640.4, None) == "recovery 640 ms"
