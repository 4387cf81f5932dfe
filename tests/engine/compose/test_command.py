"""Compose is found where Docker puts it, run without a terminal, and ended with all it started."""

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from pipecat_voice_test.engine.compose import command
from pipecat_voice_test.engine.compose.command import Compose
from pipecat_voice_test.errors import EngineError

PLUGIN = "cli-plugins/docker-compose"


def program(path: Path, body: str = "", version: str = "2.30.1") -> Path:
    """A stand-in for Compose; `body` is what it does when it is not asked for its version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\n[ "$1" = version ] && echo {version} && exit\n{body}\n')
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine has does not count."""
    monkeypatch.setattr(command, "_FOLDERS", ())


def environ(folder: Path, **more: str) -> Mapping[str, str]:
    return {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder / "home"), **more}


@pytest.mark.parametrize(
    ("place", "variables"),
    [
        pytest.param("home/.docker/" + PLUGIN, {}, id="a-plugin-of-the-user"),
        pytest.param("settings/" + PLUGIN, {"DOCKER_CONFIG": "{}/settings"}, id="DOCKER_CONFIG"),
        pytest.param("docker-compose", {}, id="a-program-on-the-path"),
    ],
)
def test_where_it_is_found(place: str, variables: Mapping[str, str], tmp_path: Path) -> None:
    there = program(tmp_path / place)
    more = {name: value.format(tmp_path) for name, value in variables.items()}

    assert Compose.find(environ(tmp_path, **more)).program == str(there)


def test_where_it_is_found_in_a_folder_that_dockers_settings_name(tmp_path: Path) -> None:
    there = program(tmp_path / "extra" / "docker-compose")
    settings = tmp_path / "home" / ".docker" / "config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'{{"cliPluginsExtraDirs": ["{there.parent}"]}}')

    assert Compose.find(environ(tmp_path)).program == str(there)


@pytest.mark.parametrize(
    "version",
    [
        pytest.param("1.29.2", id="the-one-in-python"),
        pytest.param("2.23.3", id="without-override"),
        pytest.param("", id="none-that-answers"),
    ],
)
def test_one_that_does_not_fit_is_passed_over(version: str, tmp_path: Path) -> None:
    program(tmp_path / "home/.docker" / PLUGIN, version=version)
    fits = program(tmp_path / "docker-compose", version="v2.24.4-desktop.1")

    assert Compose.find(environ(tmp_path)).program == str(fits)


def test_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        Compose.find(environ(tmp_path))

    assert str(caught.value) == (
        "`--bot-compose` needs Docker Compose 2.24.4 or newer, and there is none here.\n"
        "  Fix: install the package `docker-compose-plugin` of Docker, or `docker-compose` of\n"
        "       Debian 13: `docker compose version` must say so; our own image has it inside."
    )


def test_one_that_is_too_old_is_named(tmp_path: Path) -> None:
    old = program(tmp_path / "docker-compose", version="2.18.1")

    with pytest.raises(EngineError) as caught:
        Compose.find(environ(tmp_path))

    assert caught.value.evidence == f"{old} is version 2.18.1"


def test_it_is_given_our_words_and_input_and_its_lines_are_told(tmp_path: Path) -> None:
    there = program(tmp_path / "x", 'echo "$@"; cat; echo oops >&2; printf "\\033[2Jend"; exit 3')
    told: list[str] = []

    ended = Compose(str(there)).run(["up", "bot"], "services: {}\n", tell=told.append)

    assert told == ["--ansi never up bot", "services: {}", "oops", "end"]
    assert ended.printed.splitlines() == told
    assert (ended.code, ended.late) == (3, False)


def test_an_answer_is_kept_apart_from_complaints(tmp_path: Path) -> None:
    ended, answer = Compose(str(program(tmp_path / "x", "echo yes; echo hm >&2"))).ask(["config"])

    assert (ended.code, ended.printed, answer) == (0, "hm\n", "yes\n")


def test_what_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    there = program(tmp_path / "x", "sleep 600 & echo $!; sleep 600")
    told: list[str] = []

    ended = Compose(str(there)).run(["up"], "", tell=told.append, within_s=0.3)

    assert ended.late
    assert ended.code
    with pytest.raises(ProcessLookupError):
        _until_gone(int(told[0]))


def test_giving_up_ends_what_runs_and_lets_nothing_begin(tmp_path: Path) -> None:
    compose = Compose(str(program(tmp_path / "x", "echo begun; sleep 600")))
    begun = threading.Event()
    ends: list[int] = []
    thread = threading.Thread(
        target=lambda: ends.append(compose.run(["up"], "", tell=lambda _: begun.set()).code)
    )
    thread.start()
    assert begun.wait(10)

    assert compose.give_up()
    thread.join(10)
    assert ends == [-9]
    assert not compose.give_up()
    assert compose.run(["up"], "", tell=lambda _: None).code == -9


def test_whoever_guards_us_hears_of_its_process_group(tmp_path: Path) -> None:
    groups: list[int] = []
    told: list[str] = []
    there = program(tmp_path / "x", "ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat")

    Compose(str(there)).run(["up"], "", tell=told.append, guard=groups.append)

    assert [int(line) for line in told] == groups


@pytest.mark.parametrize(
    ("variables", "own"),
    [
        pytest.param({"HOME": "/dev/null"}, False, id="elsewhere-where-settings-cannot-be-written"),
        pytest.param({"HOME": "/dev/null", "BUILDX_CONFIG": "/x"}, True, id="where-somebody-said"),
        pytest.param({"DOCKER_CONFIG": "{}"}, True, id="beside-the-settings"),
        pytest.param({"HOME": "{}/not/there/yet"}, True, id="beside-settings-to-be"),
    ],
)
def test_where_a_build_notes_what_it_used(
    variables: Mapping[str, str], own: bool, tmp_path: Path
) -> None:
    there = program(tmp_path / "x", "echo $BUILDX_CONFIG")
    given = {name: value.format(tmp_path) for name, value in variables.items()}

    _, answer = Compose(str(there), {"PATH": os.environ["PATH"], **given}).ask(["config"])

    noted = answer.strip()
    assert (noted == variables.get("BUILDX_CONFIG", "")) is own
    assert own or Path(noted).is_dir()


def _until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        os.kill(pid, 0)
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            raise ProcessLookupError
        time.sleep(0.02)
