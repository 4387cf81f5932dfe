"""`doctor` says in one line each what works here, and ends with what the whole comes to."""

import gc
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipecat_voice_test.checkup import folders, over_webrtc, pace, software
from pipecat_voice_test.checkup.finding import Finding, Mark, note, ok
from pipecat_voice_test.command.doctor import doctor
from pipecat_voice_test.control import selftest
from pipecat_voice_test.control.call import Tried
from pipecat_voice_test.errors import ExitCode
from pipecat_voice_test.measurement.results import Control

# docker-py forgets the socket with which it reached nobody.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
NO_TIME = Finding(Mark.MISS, "time", "too slow", "wait.", code=ExitCode.INCONCLUSIVE)


def looked_at(*, asked: bool) -> list[Finding]:
    return [ok("webrtc", "asked for" if asked else "not asked for")]


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What depends on this machine is settled, and a call is not really held."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(software, "python", lambda: [ok("Python", "3.13")])
    monkeypatch.setattr(software, "packages", lambda: [ok("packages", "all")])
    monkeypatch.setattr(software, "speech", lambda: [ok("speech", "spoken")])
    monkeypatch.setattr(over_webrtc, "webrtc", looked_at)
    monkeypatch.setattr(folders, "results", lambda folder: [ok("results", str(folder))])
    monkeypatch.setattr(folders, "cache", lambda folder: [note("cache", str(folder), "mend it.")])
    monkeypatch.setattr(folders, "open_files", lambda: [ok("open files", "many")])
    monkeypatch.setattr(pace, "processors", lambda: [ok("CPUs", "2")])
    monkeypatch.setattr(pace, "pace", lambda _: [ok("time", "kept")])
    monkeypatch.setattr(selftest, "tested_alone", lambda: [Tried(Control(0.44, -1.2))])
    yield
    gc.collect()


def called(
    environ: dict[str, str] | None = None, image: str | None = None, encoding: str = "utf-8"
) -> tuple[int, str]:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    code = doctor({"PVT_CACHE_DIR": "/c", **NOWHERE, **(environ or {})}, image, out)
    out.flush()
    return code, raw.getvalue().decode(encoding)


ENGINE_FIX = """\
              Fix: start the engine (`sudo systemctl start docker`, or Docker Desktop);
                   in a container add `-v /var/run/docker.sock:/var/run/docker.sock`;
                   or say in DOCKER_HOST where the engine is.
              [Errno 2] No such file or directory
"""
WITHOUT_ENGINE = f"""\
✓ Python      3.13
✓ packages    all
✓ speech      spoken
✓ webrtc      not asked for
✓ results     voice-test-results
! cache       /c
              Fix: mend it.
✓ open files  many
✗ engine      no container engine answers at unix:///nowhere/docker.sock.
{ENGINE_FIX}\
✓ CPUs        2
✓ time        kept
✓ control bot answer missed by +0.4 ms, stop by -1.2 ms; limit 20

"""


def test_without_an_engine_there_are_other_ways() -> None:
    assert called() == (
        0,
        f"{WITHOUT_ENGINE}"
        "Bots can be called here with `--bot-command` and `--bot-url`, which need no engine.\n",
    )


@pytest.mark.parametrize(
    ("environ", "image"),
    [
        pytest.param({}, "bot:1", id="as-an-option"),
        pytest.param({"PVT_BOT_IMAGE": "bot:1"}, None, id="in-the-environment"),
        pytest.param({"PVT_BOT_BUILD": "."}, None, id="to-be-built"),
    ],
)
def test_without_an_engine_no_container_is_called(
    environ: dict[str, str], image: str | None
) -> None:
    assert called(environ, image) == (
        6, f"{WITHOUT_ENGINE}1 thing to mend before bots can be called here.\n",
    )  # fmt: skip


def config(text: str) -> None:
    Path("tests/voice").mkdir(parents=True)
    Path("tests/voice/voice-test.yaml").write_text(text)


def test_what_the_config_asks_for_counts() -> None:
    config("bot-compose: compose.yaml\noutput-dir: elsewhere\nbot-env: [A_KEY, B=1, C_KEY]\n")

    code, printed = called({"C_KEY": "secret"})

    assert code == 6
    lines = printed.splitlines()
    assert lines[0] == "✓ config      tests/voice/voice-test.yaml"
    assert "✓ results     elsewhere" in lines
    assert "✗ bot-env     A_KEY should be passed on to the bot, and is not set here" in lines
    assert lines[-1] == "2 things to mend before bots can be called here."
    assert "secret" not in printed


def test_a_broken_config_is_told_and_the_rest_is_looked_at() -> None:
    config("bot-imgae: x\n")

    code, printed = called()

    assert code == 4
    assert printed.startswith(
        "✗ config      tests/voice/voice-test.yaml:1: unknown option `bot-imgae`\n"
        "              Fix: did you mean `bot-image`?\n"
        "✓ Python      3.13\n"
    )


def test_no_time_is_exit_7(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "pace", lambda _: [NO_TIME])

    code, printed = called()

    assert code == 7
    assert printed.endswith(
        "✗ time        too slow\n"
        "              Fix: wait.\n"
        "✓ control bot answer missed by +0.4 ms, stop by -1.2 ms; limit 20\n\n"
        "1 thing to mend before bots can be called here.\n"
    )


def test_a_control_bot_that_is_measured_wrong_is_exit_7(monkeypatch: pytest.MonkeyPatch) -> None:
    """METRICS 7: here no run would get to its first scenario."""
    wrong = Tried(Control(150.0, 0.0), "the control bot's answer was measured 150 ms too late")
    monkeypatch.setattr(selftest, "tested_alone", lambda: [wrong, wrong])

    code, printed = called()

    assert code == 7
    assert (
        "✗ control bot This machine does not measure the control bot right, whose times are known: "
        "nothing is run here.\n"
        "              Fix: end what else runs here, give the job more CPU, or take a machine that "
        "is not shared;\n"
        "                   `pipecat-voice-test doctor` says more.\n"
        "              call 1: the control bot's answer was measured 150 ms too late\n"
        "              call 2: the control bot's answer was measured 150 ms too late\n"
    ) in printed


def test_signs_that_every_terminal_can_show() -> None:
    _, printed = called(encoding="ascii")

    assert printed.startswith("ok   Python      3.13\n")
    assert "note cache       /c\n                 Fix: mend it.\n" in printed
    assert "MISS engine      no container" in printed


def test_colours_are_for_terminals_alone() -> None:
    assert "\x1b" not in called()[1]


def breaking() -> Iterator[Finding]:
    yield ok("CPUs", "2")
    raise OSError(5, "Input/output error")


def test_nothing_that_is_odd_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "processors", breaking)

    code, printed = called()

    assert code == 0
    assert (
        "✓ CPUs        2\n"
        "! CPUs        could not be looked at: OSError: [Errno 5] Input/output error\n"
        "✓ time        kept\n"
    ) in printed


def test_without_docker_s_library_the_rest_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "pipecat_voice_test.checkup.containers"
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "docker", None)
    monkeypatch.setitem(sys.modules, "docker.errors", None)

    code, printed = called()

    assert code == 0
    assert "! engine      could not be looked at: ModuleNotFoundError: " in printed
    assert "✓ time        kept\n" in printed


def test_what_stands_in_a_name_moves_no_terminal() -> None:
    _, printed = called({"PVT_OUTPUT_DIR": "a\x1b[2Jb\n::error::c"})

    assert "✓ results     ab\n" in printed
    assert "::error::" not in printed


@pytest.mark.docker
def test_with_an_engine(engine: None) -> None:
    environ = {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
    raw = io.StringIO()
    code = doctor(environ, None, raw)

    assert code == 0
    lines = raw.getvalue().splitlines()
    assert any(line.startswith("✓ engine      ") for line in lines)
    assert lines[-1] == "Bots can be called here."


def test_webrtc_is_looked_at_as_what_is_asked_for() -> None:
    assert "✓ webrtc      asked for\n" in called({"PVT_BOT_TRANSPORT": "webrtc"})[1]
