"""Inputs are what the workflow wrote, whatever a default or a shell made of them."""

import pytest
from pipecat_voice_test.github.inputs import Input, Inputs, is_input, read_inputs

KNOWN = (
    Input("paths", "tests/voice", several=True),
    Input("bot-image"),
    Input("bot-port", "7860"),
    Input("bot-env", several=True),
    Input("quiet"),
)


@pytest.mark.parametrize(
    ("environ", "given"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"INPUT_BOT-IMAGE": "shop/bot"}, {"bot-image": ("shop/bot",)}, id="hyphens"),
        pytest.param(
            {"INPUT_BOT_IMAGE": "shop/bot"}, {"bot-image": ("shop/bot",)}, id="underscores"
        ),
        pytest.param({"INPUT_BOT IMAGE": "shop/bot"}, {"bot-image": ("shop/bot",)}, id="spaces"),
        pytest.param(
            {"INPUT_BOT_IMAGE": "a shell's", "INPUT_BOT-IMAGE": "GitHub's"},
            {"bot-image": ("GitHub's",)},
            id="GitHubs-own-spelling-counts-most",
        ),
        pytest.param({"INPUT_BOT-IMAGE": ""}, {}, id="empty-is-not-given"),
        pytest.param({"INPUT_BOT-IMAGE": " \n\t\n"}, {}, id="blank-is-not-given"),
        pytest.param(
            {"INPUT_BOT-IMAGE": " shop/bot\n"}, {"bot-image": ("shop/bot",)}, id="stripped"
        ),
        pytest.param({"INPUT_BOT-PORT": "7860"}, {}, id="the-default-is-not-given"),
        pytest.param({"INPUT_BOT-PORT": "80"}, {"bot-port": ("80",)}, id="not-the-default"),
        pytest.param({"INPUT_QUIET": "false"}, {"quiet": ("false",)}, id="no-is-given"),
        pytest.param({"INPUT_PATHS": "tests/voice\n"}, {}, id="the-default-path-is-not-given"),
        pytest.param(
            {"INPUT_PATHS": "tests/voice\n  calls/my scenarios \r\n\n"},
            {"paths": ("tests/voice", "calls/my scenarios")},
            id="one-path-a-line",
        ),
        pytest.param(
            {"INPUT_BOT-ENV": "A=1 2\nB\n\n  C=x=y\r\n"},
            {"bot-env": ("A=1 2", "B", "C=x=y")},
            id="one-variable-a-line",
        ),
        pytest.param(
            {"INPUT_BOT-IMAGE": "a\nb"}, {"bot-image": ("a\nb",)}, id="one-value-of-two-lines"
        ),
        pytest.param({"BOT-IMAGE": "x", "INPUT-BOT-IMAGE": "x"}, {}, id="other-variables"),
    ],
)
def test_what_was_given(environ: dict[str, str], given: dict[str, tuple[str, ...]]) -> None:
    assert read_inputs(environ, KNOWN) == Inputs(given)


@pytest.mark.parametrize(
    ("environ", "warnings"),
    [
        pytest.param(
            {"INPUT_BOT-IMGAE": "x"},
            ("there is no input `bot-imgae`; did you mean `bot-image`?",),
            id="misspelt",
        ),
        pytest.param(
            {"INPUT_PATH": "x"},
            ("there is no input `path`; did you mean `paths`?",),
            id="a-letter-short",
        ),
        pytest.param({"INPUT_BOT-IMGAE": ""}, (), id="misspelt-but-not-given"),
        pytest.param({"INPUT_TOKEN": "x", "INPUT_WHO-TO-GREET": "x"}, (), id="somebody-elses"),
    ],
)
def test_an_input_that_was_meant_for_us(environ: dict[str, str], warnings: tuple[str, ...]) -> None:
    assert read_inputs(environ, KNOWN) == Inputs({}, warnings)


def test_which_variables_are_inputs() -> None:
    assert [name for name in ("INPUT_X", "PVT_X", "MY_INPUT_X") if is_input(name)] == ["INPUT_X"]
