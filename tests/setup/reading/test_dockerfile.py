"""Only the last stage of a Dockerfile counts, with everything it is made from."""

import pytest
from pipecat_voice_test.setup.reading.dockerfile import Stage, StartCommand, read_dockerfile


def stage_of(text: str) -> Stage:
    stage = read_dockerfile(text, "Dockerfile")
    assert stage is not None
    return stage


@pytest.mark.parametrize(
    ("text", "command"),
    [
        pytest.param(
            'FROM a\nCMD ["python", "bot.py"]',
            StartCommand(("python", "bot.py"), 2),
            id="words",
        ),
        pytest.param(
            "FROM a\nCMD python bot.py --port $PORT",
            StartCommand((), 2, "python bot.py --port $PORT"),
            id="a-line-for-a-shell",
        ),
        pytest.param(
            'FROM a\nCMD [\n  "python", \\\n',
            StartCommand((), 2, "["),
            id="a-broken-list-is-for-a-shell-as-docker-takes-it",
        ),
        pytest.param(
            'FROM a\ncmd ["a"]\nCmd \\\n  # why\n\n  ["b", \\\n  "c"]',
            StartCommand(("b", "c"), 3),
            id="the-last-one-counts-over-comments-and-empty-lines",
        ),
        pytest.param(
            '# escape=`\nFROM a\nCMD ["b", `\n"c"]',
            StartCommand(("b", "c"), 3),
            id="another-escape-character",
        ),
        pytest.param(
            'FROM a\nRUN <<EOF\nCMD ["no"]\nEOF\nCMD ["yes"]',
            StartCommand(("yes",), 5),
            id="what-stands-in-a-heredoc-is-no-instruction",
        ),
        pytest.param(
            'FROM a\nCMD ["old"]\nENTRYPOINT ["new"]', None, id="an-entrypoint-resets-the-command"
        ),
        pytest.param(
            'FROM a AS one\nCMD ["one"]\nFROM b\nCMD ["two"]\nFROM One',
            StartCommand(("one",), 2),
            id="a-stage-made-from-another",
        ),
        pytest.param(
            'FROM a AS one\nCMD ["one"]\nFROM b', None, id="another-stage-s-does-not-count"
        ),
        pytest.param(
            'FROM a\nCMD ["one"]\nFROM b\nFROM 0',
            StartCommand(("one",), 2),
            id="a-stage-named-by-number",
        ),
        pytest.param("FROM a\nCMD [1, 2]", StartCommand((), 2, "[1, 2]"), id="no-words"),
        pytest.param("FROM a\nCMD " + "[" * 5000, StartCommand((), 2, "[" * 5000), id="deep"),
    ],
)
def test_what_is_started(text: str, command: StartCommand | None) -> None:
    assert stage_of(text).command == command


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        pytest.param("FROM a\nEXPOSE 7860", [(7860, 2)], id="one"),
        pytest.param("FROM a\nEXPOSE 80/tcp 53/udp 443", [(80, 2), (443, 2)], id="tcp-only"),
        pytest.param("FROM a\nENV PORT=9000\nEXPOSE $PORT", [(9000, 3)], id="from-a-variable"),
        pytest.param("FROM a\nENV PORT 9000\nEXPOSE ${PORT}", [(9000, 3)], id="the-old-form"),
        pytest.param("FROM a\nARG P=1\nENV Q=${P:-2}\nEXPOSE $Q", [(1, 4)], id="twice-removed"),
        pytest.param("FROM a\nEXPOSE ${X:-8080}", [(8080, 2)], id="a-default-of-a-variable"),
        pytest.param("FROM a\nEXPOSE 0 99999 x 7000-7010", [], id="none-that-is-one"),
    ],
)
def test_which_ports_are_exposed(text: str, ports: list[tuple[int, int]]) -> None:
    assert list(stage_of(text).ports) == ports


@pytest.mark.parametrize(
    ("text", "base"),
    [
        pytest.param("FROM --platform=linux/amd64 a:1 AS x", "a:1", id="with-a-platform"),
        pytest.param("ARG BASE=python:3.13\nFROM ${BASE}", "python:3.13", id="from-an-argument"),
        pytest.param('ARG BASE="a:1"\nFROM $BASE', "a:1", id="an-argument-in-quotes"),
        pytest.param("FROM $UNKNOWN", "", id="from-one-that-is-not-known"),
    ],
)
def test_the_foreign_image_at_the_bottom(text: str, base: str) -> None:
    assert stage_of(text).base == base


def test_what_is_copied_from_the_build_folder() -> None:
    text = (
        "FROM a\nCOPY --chown=1:1 a.py b/ /x/\nCOPY --from=b /c /c\nADD https://d/e /e\n"
        'COPY ["f g.py", "/f"]\nCOPY <<EOF /h\nEOF\n'
    )

    assert stage_of(text).copied == ("a.py", "b/", "f g.py")


@pytest.mark.parametrize("text", ["", "# nothing", "RUN true", "\\", "\0", "FROM"])
def test_a_file_that_is_no_dockerfile(text: str) -> None:
    stage = read_dockerfile(text, "Dockerfile")

    assert stage is None or stage.command is None
