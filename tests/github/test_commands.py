"""A command reaches GitHub's runner as it was meant, and foreign text never becomes one."""

import pytest
from pipecat_voice_test.github.commands import command, group, resume_commands, stop_commands

from github.runner import Command, obeyed

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(command("endgroup"), "::endgroup::", id="nothing-but-a-name"),
        pytest.param(command("error", "late"), "::error::late", id="a-text"),
        pytest.param(
            command("error", "late", {"file": "a.yaml", "line": "3"}),
            "::error file=a.yaml,line=3::late",
            id="properties-in-their-order",
        ),
        pytest.param(
            command("error", "late", {"file": "", "title": "whole run"}),
            "::error title=whole run::late",
            id="a-property-without-a-value-is-left-out",
        ),
        pytest.param(
            command("error", "50 %\r\nor, more: 60"),
            "::error::50 %25%0D%0Aor, more: 60",
            id="what-a-text-escapes",
        ),
        pytest.param(
            command("error", "x", {"title": "50 %\r\na, b: c"}),
            "::error title=50 %25%0D%0Aa%2C b%3A c::x",
            id="what-a-property-escapes",
        ),
        pytest.param(
            command("error", "%0A", {"title": "%2C"}),
            "::error title=%252C::%250A",
            id="what-looks-escaped-stays-as-it-is",
        ),
        pytest.param(stop_commands(TOKEN), f"::stop-commands::{TOKEN}", id="stop"),
        pytest.param(resume_commands(TOKEN), f"::{TOKEN}::", id="resume"),
    ],
)
def test_a_command_is_one_line(line: str, expected: str) -> None:
    assert line == expected


def test_the_runner_reads_back_what_was_meant() -> None:
    text, title = "a::b\n::error::c %0A ##[error]d", "x,y=1::z\r\n%"

    assert obeyed(command("warning", text, {"file": title, "line": "7"})) == [
        Command("warning", text, {"file": title, "line": "7"})
    ]


def test_nothing_in_a_group_is_obeyed() -> None:
    foreign = ["::error::x", " ::endgroup::", "a ##[group]b", "::stop-commands::mine", "::mine::"]

    lines = list(group("Bot log", foreign, TOKEN))

    assert lines == [
        "::group::Bot log",
        f"::stop-commands::{TOKEN}",
        *foreign,
        f"::{TOKEN}::",
        "::endgroup::",
    ]
    assert [found.name for found in obeyed("\n".join(lines))] == [
        "group",
        "stop-commands",
        TOKEN,
        "endgroup",
    ]
