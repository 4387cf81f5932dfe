"""Command line, then environment, then `voice-test.yaml`, then the default; each checked alike."""

from collections.abc import Mapping
from typing import Any

import click
import pytest
from click.testing import CliRunner
from pipecat_voice_test.asked import kinds, options
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.options import RUN_SETTINGS, Setting
from pipecat_voice_test.errors import UsageError

FILE = "calls/voice-test.yaml"


def given(
    line: Mapping[str, tuple[str, ...]] | None = None,
    environ: Mapping[str, str] | None = None,
    config: Mapping[str, object] | None = None,
) -> Given:
    return Given(line or {}, environ or {}, config or {}, FILE)


def on_line(*arguments: str) -> Given:
    """What click makes of a command line."""
    found: list[Given] = []

    @click.command()
    @click.pass_context
    def command(context: click.Context, /, **_: object) -> None:
        found.append(Given.on_command_line(context, RUN_SETTINGS))

    for setting in RUN_SETTINGS:
        setting.declared()(command)
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return found[0]


@pytest.mark.parametrize(
    ("line", "environ", "config", "value"),
    [
        pytest.param({}, {}, {}, 1, id="default"),
        pytest.param({}, {}, {"repeat": 2}, 2, id="the-file-beats-the-default"),
        pytest.param({}, {"PVT_REPEAT": "3"}, {"repeat": 2}, 3, id="environment-beats-the-file"),
        pytest.param(
            {"repeat": ("4",)}, {"PVT_REPEAT": "3"}, {"repeat": 2}, 4, id="option-beats-all"
        ),
        pytest.param({}, {"PVT_REPEAT": ""}, {"repeat": 2}, 2, id="empty-is-not-given"),
        pytest.param({}, {"PVT_REPEAT": " \n"}, {}, 1, id="blank-is-not-given"),
        pytest.param({}, {"PVT_REPEAT": " 5\n"}, {}, 5, id="blanks-around-a-number-are-nothing"),
    ],
)
def test_who_counts_most(
    line: dict[str, tuple[str, ...]],
    environ: dict[str, str],
    config: dict[str, object],
    value: int,
) -> None:
    assert given(line, environ, config)(options.REPEAT) == value


@pytest.mark.parametrize("setting", RUN_SETTINGS, ids=lambda setting: setting.name)
def test_every_option_has_a_variable(setting: Setting[Any]) -> None:
    name = f"PVT_{setting.name.upper().replace('-', '_')}"
    value = {kinds.FLAG: "true", kinds.SECONDS: "2.5"}.get(setting.kind, "strict")
    if setting.kind.read(value) is None:
        value = "twilio" if setting is options.PROVIDER else "7"

    said = given(environ={name: value}).said(setting)

    assert said is not None
    assert said.texts == (value,)


@pytest.mark.parametrize("name", ["PVT_K", "PVT_KEYWORD"])
def test_a_short_option_has_a_variable_too(name: str) -> None:
    assert given(environ={name: "hours"})(options.KEYWORD) == "hours"


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        pytest.param(
            given(environ={"PVT_BOT_ENV": "A=1 2\nB\n\n  C=x=y\r\n"}),
            ("A=1 2", "B", "C=x=y"),
            id="in-the-environment-one-a-line",
        ),
        pytest.param(given(config={"bot-env": ["A=1", "B"]}), ("A=1", "B"), id="in-the-file"),
        pytest.param(given(config={"bot-env": "A=1"}), ("A=1",), id="a-single-one-in-the-file"),
        pytest.param(
            on_line("--bot-env", "A=1\n2", "--bot-env", "B"), ("A=1\n2", "B"), id="on-the-line"
        ),
        pytest.param(given(), (), id="none"),
    ],
)
def test_a_repeatable_option_takes_several(asked: Given, values: tuple[str, ...]) -> None:
    assert asked.each(options.BOT_ENV) == values


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        pytest.param(on_line("--fail-fast"), True, id="on-the-line"),
        pytest.param(on_line(), False, id="not-given"),
        pytest.param(given(environ={"PVT_FAIL_FAST": "true"}), True, id="true"),
        pytest.param(given(environ={"PVT_FAIL_FAST": "1"}), True, id="1"),
        pytest.param(given(environ={"PVT_FAIL_FAST": "False"}), False, id="false"),
        pytest.param(given(config={"fail-fast": True}), True, id="in-the-file"),
        pytest.param(
            given(environ={"PVT_FAIL_FAST": "no"}, config={"fail-fast": True}),
            False,
            id="no-in-the-environment-beats-yes-in-the-file",
        ),
    ],
)
def test_a_flag_is_yes_or_no(asked: Given, value: bool) -> None:
    assert asked.flag(options.FAIL_FAST) is value


@pytest.mark.parametrize(
    ("asked", "setting", "message"),
    [
        pytest.param(
            on_line("--repeat", "0"),
            options.REPEAT,
            "`--repeat 0` is not a whole number from 1 to 10000.\n"
            "  Fix: give a whole number from 1 to 10000; without it, it is 1.",
            id="zero-calls",
        ),
        pytest.param(
            on_line("--workers", "-1"),
            options.WORKERS,
            "`--workers -1` is not a whole number from 1 to 10000.\n"
            "  Fix: give a whole number from 1 to 10000; without it, it is 1.",
            id="less-than-no-workers",
        ),
        pytest.param(
            given(environ={"PVT_BOT_PORT": "99999"}),
            options.BOT_PORT,
            "`PVT_BOT_PORT=99999` is not a whole number from 1 to 65535.\n"
            "  Fix: give a whole number from 1 to 65535; without it, it is 7860.",
            id="a-port-that-is-none-in-the-environment",
        ),
        pytest.param(
            given(config={"max-time": "soon"}),
            options.MAX_TIME,
            "calls/voice-test.yaml: `max-time: soon` is not a number of seconds above 0.\n"
            "  Fix: give a number of seconds above 0; without it, it is 1800.",
            id="no-number-in-the-file",
        ),
        pytest.param(
            given(environ={"PVT_FAIL_FAST": "perhaps"}),
            options.FAIL_FAST,
            "`PVT_FAIL_FAST=perhaps` is not one of: true, false.\n  Fix: give one of: true, false.",
            id="neither-yes-nor-no",
        ),
        pytest.param(
            on_line("--provider", "pigeon"),
            options.PROVIDER,
            "`--provider pigeon` is not one of: twilio, telnyx, plivo, exotel, vonage, frames.\n"
            "  Fix: give one of: twilio, telnyx, plivo, exotel, vonage, frames; "
            "without it, it is twilio.",
            id="a-provider-we-do-not-know",
        ),
        pytest.param(
            given(config={"seed": [1, 2]}),
            options.SEED,
            "calls/voice-test.yaml: `seed: 1, 2` gives several values for `--seed`.\n"
            "  Fix: give one.",
            id="several-where-one-is-wanted",
        ),
    ],
)
def test_a_wrong_value_is_quoted_as_it_was_written(
    asked: Given, setting: Setting[Any], message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        asked(setting)

    assert str(refused.value) == message


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e999", "", "1 s"])
def test_no_number_of_seconds(text: str) -> None:
    assert kinds.SECONDS.read(text) is None


@pytest.mark.parametrize("text", ["1.5", "1_0", "0x1", "٣", "9" * 30, "", "+1"])
def test_no_whole_number(text: str) -> None:
    assert options.REPEAT.kind.read(text) is None


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        pytest.param(given(), [], id="none"),
        pytest.param(
            given({"bot-url": ("ws://a",)}, {"PVT_BOT_COMMAND": "b"}),
            [options.BOT_URL],
            id="an-option-beats-another-in-the-environment",
        ),
        pytest.param(
            given({}, {"PVT_BOT_COMMAND": "b"}, {"bot-url": "ws://a"}),
            [options.BOT_COMMAND],
            id="the-environment-beats-another-in-the-file",
        ),
        pytest.param(
            given({"bot-url": ("ws://a",), "bot-command": ("b",)}),
            [options.BOT_COMMAND, options.BOT_URL],
            id="two-from-one-source",
        ),
    ],
)
def test_which_of_several_that_exclude_each_other(asked: Given, chosen: list[Setting[str]]) -> None:
    assert asked.chosen(options.LAUNCHERS) == chosen


def test_no_is_no_choice() -> None:
    asked = given({"quiet": ("true",)}, {"PVT_VERBOSE": "false"})

    assert asked.chosen((options.VERBOSE, options.QUIET)) == [options.QUIET]
