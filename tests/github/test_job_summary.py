"""The job summary fits into what other steps left of it, in whole lines."""

import pytest
from pipecat_voice_test.github.job_summary import MOST_BYTES, fitting

NOTE = "\n… and more; there was no room left in the job summary\n"
SUMMARY = "# failed\n" + "".join(f"| ä {number:05} |\n" for number in range(20_000))


def test_a_summary_that_fits_is_shown_whole() -> None:
    assert fitting("# passed\n", 0) == "# passed\n"


def test_it_stands_apart_from_what_is_there() -> None:
    assert fitting("# passed\n", 10) == "\n\n# passed\n"


def test_the_last_byte_may_be_used() -> None:
    room_bytes = len("\n\n# passed\n")

    assert fitting("# passed\n", MOST_BYTES - room_bytes) == "\n\n# passed\n"


@pytest.mark.parametrize("left_bytes", [1000, 1001, 1002, 1003, 200_000])
def test_one_that_does_not_fit_ends_after_a_whole_line(left_bytes: int) -> None:
    text = fitting(SUMMARY, MOST_BYTES - left_bytes)

    assert len(text.encode()) <= left_bytes
    assert text.endswith(f" |\n{NOTE}")
    assert f"\n\n{SUMMARY}".startswith(text.removesuffix(NOTE))


@pytest.mark.parametrize("taken_bytes", [MOST_BYTES - 100, MOST_BYTES, 2 * MOST_BYTES])
def test_without_room_there_is_nothing(taken_bytes: int) -> None:
    assert fitting(SUMMARY, taken_bytes) == ""
