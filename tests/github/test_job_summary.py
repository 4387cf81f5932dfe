"""The job summary fits into what other steps left of it, in whole pieces."""

import pytest
from pipecat_voice_test.github.job_summary import MOST_BYTES, fitting
from pipecat_voice_test.report.summary.markdown import SUMMARY_BYTES, summary_md
from report.runs import ONE_OF_EACH, place_of


def shown(most_bytes: int) -> str:
    return summary_md(ONE_OF_EACH, place_of(ONE_OF_EACH), most_bytes=most_bytes)


def test_a_summary_that_fits_is_shown_whole() -> None:
    assert fitting(shown, 0) == shown(SUMMARY_BYTES)


def test_it_stands_apart_from_what_is_there() -> None:
    assert fitting(shown, 10) == f"\n\n{shown(SUMMARY_BYTES)}"


@pytest.mark.parametrize("left_bytes", [512, 1000, 1500, 2000, 3000])
def test_one_that_does_not_fit_says_so_within_the_room(left_bytes: int) -> None:
    text = fitting(shown, MOST_BYTES - left_bytes - 2)

    assert 0 < len(text.encode()) <= left_bytes + 2
    assert "more; there was no room for them" in text
    assert text.count("```") % 2 == 0


@pytest.mark.parametrize("taken_bytes", [MOST_BYTES - 100, MOST_BYTES, 2 * MOST_BYTES])
def test_without_room_there_is_nothing(taken_bytes: int) -> None:
    assert fitting(shown, taken_bytes) == ""
