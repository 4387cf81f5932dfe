"""The bot's log in the step's log: all of it that matters, and nothing of it acts."""

from dataclasses import replace

from pipecat_voice_test.github.bot_log import LOG_CHARACTERS, log_group
from pipecat_voice_test.measurement.results import Verdict
from report.runs import HOSTILE, HOSTILE_RUN, call, result, run

from github.runner import obeyed

TOKEN = "f00dfeed"


def printed(log: str) -> list[str]:
    return log_group(run(), log, TOKEN)


def test_a_log_can_be_folded_away_and_is_not_obeyed() -> None:
    assert printed("INFO: ready\n\x1b[31m::error::overheated\x1b[0m\n") == [
        "::group::Bot log of shop/bot:ci",
        f"::stop-commands::{TOKEN}",
        "INFO: ready",
        ": :error::overheated",
        f"::{TOKEN}::",
        "::endgroup::",
    ]


def test_a_bot_that_printed_nothing_has_no_group() -> None:
    assert printed("") == printed("\n \n") == []


def test_bots_of_their_own_print_call_by_call() -> None:
    calls = [call(1, bot_log="one\n"), call(2, bot_log=""), call(3, bot_log="three\nfour")]
    found = log_group(run(result(Verdict.PASSED, *calls, name="Hours")), "", TOKEN)

    assert found[2:-2] == ["--- Hours #1", "one", "--- Hours #3", "three", "four"]


def test_secrets_are_masked() -> None:
    assert printed("api_key=abc123\n")[2] == "api_key=***"


def test_only_the_end_of_a_flood_is_shown() -> None:
    log = "".join(f"{number:09}\n" for number in range(1_000_000))

    lines = printed(log)[2:-2]

    assert lines[0] == f"[{len(log) - LOG_CHARACTERS} characters before this are not shown]"
    assert lines[-1] == "000999999"
    assert all(len(line) == 9 for line in lines[1:])
    assert sum(map(len, lines)) <= LOG_CHARACTERS


def test_a_line_without_end_is_cut() -> None:
    (line,) = printed("x" * LOG_CHARACTERS)[2:-2]

    assert line == f"{'x' * 2000}… ({LOG_CHARACTERS} characters)"


def test_nothing_a_bot_prints_is_obeyed() -> None:
    lines = log_group(replace(HOSTILE_RUN, scenarios=()), HOSTILE * 20, TOKEN)

    assert [found.name for found in obeyed("\n".join(lines))] == [
        "group",
        "stop-commands",
        TOKEN,
        "endgroup",
    ]
    # And if the runner had not been told to stop.
    assert obeyed("\n".join(lines[2:-2])) == []
    assert not any("\x1b" in line for line in lines)
