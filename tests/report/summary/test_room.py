"""A summary keeps whole pieces within its room, and says how many it left out."""

import pytest
from pipecat_voice_test.report.summary.room import fitted

NOTE = "\n… and {} more; there was no room for them, the whole is in results.json\n"


def test_what_fits_is_whole_and_says_nothing() -> None:
    assert fitted(["# title\n", "| a |", "| b |"], 1000) == "# title\n\n| a |\n| b |\n"


def test_a_piece_that_is_too_big_leaves_room_for_those_after_it() -> None:
    assert fitted(["a", "b" * 900, "c"], 300) == "a\nc\n" + NOTE.format(1)


@pytest.mark.parametrize("most_bytes", range(120, 400, 7))
def test_the_room_is_never_left(most_bytes: int) -> None:
    text = fitted(["ä" * length for length in range(1, 60)], most_bytes)

    assert len(text.encode()) <= most_bytes
    assert text.endswith(NOTE.format(59 - text.count("ä\n")))
