"""What was found comes to one exit code, and nothing that is odd ends a check-up."""

from collections.abc import Iterator

import pytest
from pipecat_voice_test.checkup.finding import Finding, Mark, exit_code, guarded, note, ok
from pipecat_voice_test.errors import EngineError, ExitCode


def missing(code: ExitCode | None) -> Finding:
    return Finding(Mark.MISS, "x", "not there", "get it", code=code)


@pytest.mark.parametrize(
    ("codes", "whole"),
    [
        pytest.param([], 0, id="nothing-looked-at"),
        pytest.param([None], 0, id="a-miss-one-can-do-without"),
        pytest.param([None, ExitCode.USAGE], 4, id="a-miss-one-cannot"),
        pytest.param([ExitCode.USAGE, ExitCode.INCONCLUSIVE], 7, id="no-time-before-the-rest"),
        pytest.param([ExitCode.INCONCLUSIVE, ExitCode.BOT_ERROR], 6, id="no-bot-before-no-time"),
    ],
)
def test_what_the_whole_comes_to(codes: list[ExitCode | None], whole: int) -> None:
    assert exit_code([ok("a", "b"), note("c", "d"), *map(missing, codes)]) == whole


def stumbling(error: Exception) -> Iterator[Finding]:
    yield ok("a", "first")
    raise error


@pytest.mark.parametrize(
    ("error", "finding"),
    [
        pytest.param(
            EngineError("it is gone.", fix="start it.", evidence="EOF"),
            Finding(Mark.MISS, "topic", "it is gone.", "start it.", "EOF"),
            id="an-error-of-ours",
        ),
        pytest.param(
            KeyError("Os"),
            Finding(Mark.NOTE, "topic", "could not be looked at: KeyError: 'Os'"),
            id="anything-else",
        ),
        pytest.param(
            TimeoutError(),
            Finding(Mark.NOTE, "topic", "could not be looked at: TimeoutError"),
            id="without-words",
        ),
    ],
)
def test_what_a_probe_stumbles_over_is_told(error: Exception, finding: Finding) -> None:
    assert list(guarded("topic", lambda: stumbling(error))) == [ok("a", "first"), finding]
