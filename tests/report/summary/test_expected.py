"""What a failed check expected is said in words, without the message."""

import pytest
from pipecat_voice_test.measurement.results import Check, Verdict
from pipecat_voice_test.report.summary.expected import WANTED, expected_of
from pipecat_voice_test.scenario.limits import METRICS

NAN = float("nan")


def failed(
    metric: str, value: float | None, limit: float | None, id: str = "limits.x.each"
) -> Check:
    return Check(id, metric, Verdict.FAILED, "the message", value, limit)


EXPECT = "turns[0].expect[0]"


@pytest.mark.parametrize(
    ("check", "words"),
    [
        pytest.param(
            failed("response_ms", 2210.1, 1500, EXPECT),
            "at most 1500 ms: from the end of the caller's speech to the answer",
            id="a-time-with-a-limit",
        ),
        pytest.param(
            failed("greeting_ms", None, 4000, EXPECT),
            "at most 4000 ms: from the start of the call to its first words",
            id="one-that-never-came",
        ),
        pytest.param(
            failed("pause_tolerance_ms", 300, 500, "turns[1].limits.pause_tolerance_ms.at_least"),
            "at least 500 ms: the longest pause inside an utterance that was borne",
            id="a-limit-from-below",
        ),
        pytest.param(
            failed("response_duration_ms", 300, 500, f"{EXPECT}.lasts_at_least_ms"),
            "at least 500 ms: length of the bot's reply",
            id="a-reply-too-short",
        ),
        pytest.param(
            failed("response_duration_ms", 900, 500, f"{EXPECT}.lasts_at_most_ms"),
            "at most 500 ms: length of the bot's reply",
            id="a-reply-too-long",
        ),
        pytest.param(
            failed("no_yield", 1, 0), "the bot to stop for a caller who interrupts", id="a-count"
        ),
        pytest.param(
            failed("false_yield", 320, 1500, EXPECT),
            "the bot to keep the floor, for 1500 ms",
            id="what-was-to-be-absent",
        ),
        pytest.param(
            failed("clear_ms", 320.4, 1500, EXPECT), "no clear for 1500 ms", id="an-absent-event"
        ),
        pytest.param(
            failed("mark_ms", None, 1500, EXPECT), "mark within 1500 ms", id="an-awaited-event"
        ),
        pytest.param(failed("call_ended_ms", None, None, EXPECT), "call ended", id="without-limit"),
        pytest.param(
            failed("ended_by", None, None, "ended_by"), "the call to end as scripted", id="an-end"
        ),
        pytest.param(
            failed("stop_ms", None, NAN),
            "how long the bot talks over a caller who interrupts",
            id="a-limit-that-is-none",
        ),
    ],
)
def test_what_was_expected(check: Check, words: str) -> None:
    assert expected_of(check) == words


def test_whatever_has_no_unit_and_fails_by_default_is_in_words() -> None:
    gated = {name for name, metric in METRICS.items() if metric.gates and not name.endswith("_ms")}

    assert gated - set(WANTED) == {"gap_share"}  # A share of time, with a limit that says it.
