"""A start command says which program runs, and where it will listen."""

import pytest
from pipecat_voice_test.setup.reading.dockerfile import StartCommand
from pipecat_voice_test.setup.reading.start import Start, is_local, port_of, understood

BOT = ("python", "bot.py", "-t", "twilio")


def words(*given: str) -> StartCommand:
    return StartCommand(given, 1)


def shell(line: str) -> StartCommand:
    return StartCommand((), 1, line)


def start_of(
    command: StartCommand | None, entrypoint: StartCommand | None = None, **variables: str
) -> Start:
    start = understood(entrypoint, command, variables)
    assert start is not None
    return start


@pytest.mark.parametrize(
    ("command", "program", "script"),
    [
        pytest.param(words("python", "bot.py"), "python", "bot.py", id="python"),
        pytest.param(words("/usr/bin/python3.12", "-u", "a/b.py"), "python", "a/b.py", id="path"),
        pytest.param(words("python", "-m", "app.bot"), "python", "app/bot.py", id="a-module"),
        pytest.param(words("uv", "run", "bot.py"), "python", "bot.py", id="uv"),
        pytest.param(words("uvicorn", "app.server:app"), "uvicorn", "app/server.py", id="uvicorn"),
        pytest.param(
            words("poetry", "run", "python", "-m", "uvicorn", "s:app"),
            "uvicorn",
            "s.py",
            id="poetry",
        ),
        pytest.param(words("fastapi", "run", "main.py"), "fastapi", "main.py", id="fastapi"),
        pytest.param(
            shell("cd /app && exec python bot.py"), "python", "bot.py", id="the-last-of-several"
        ),
        pytest.param(
            words("sh", "-c", "PORT=1 python bot.py"), "python", "bot.py", id="a-shell-in-words"
        ),
        pytest.param(words("./start.sh"), "", "", id="something-else"),
        pytest.param(words("python", "-c", "print()"), "python", "", id="no-file"),
        pytest.param(shell("echo 'open"), "", "", id="a-quote-left-open"),
    ],
)
def test_what_runs(command: StartCommand, program: str, script: str) -> None:
    start = start_of(command)

    assert (start.program, start.script) == (program, script)


@pytest.mark.parametrize(
    ("command", "host", "port"),
    [
        pytest.param(words(*BOT), None, None, id="nothing-said"),
        pytest.param(words(*BOT, "--host", "0.0.0.0", "--port", "1"), "0.0.0.0", 1, id="both"),
        pytest.param(words(*BOT, "--host=::", "--port=2"), "::", 2, id="with-equals-signs"),
        pytest.param(words(*BOT, "--port", "1", "--port", "3"), None, 3, id="the-last-counts"),
        pytest.param(shell("uvicorn a:b --port ${PORT:-4}"), None, 4, id="a-variable-s-default"),
        pytest.param(shell("uvicorn a:b --port $P"), None, 5, id="a-variable-that-is-known"),
        pytest.param(shell("uvicorn a:b --port $Q"), None, None, id="one-that-is-not"),
        pytest.param(words("gunicorn", "-b", "0.0.0.0:6", "a:b"), "0.0.0.0", 6, id="bind"),
        pytest.param(words(*BOT, "-b", "0.0.0.0:6"), None, None, id="no-bind-of-python"),
        pytest.param(words(*BOT, "--port", "99999"), None, None, id="no-port"),
    ],
)
def test_where_it_is_told_to_listen(
    command: StartCommand, host: str | None, port: int | None
) -> None:
    start = start_of(command, P="5")

    assert (start.host, start.port) == (host, port)


@pytest.mark.parametrize(
    ("entrypoint", "command", "arguments"),
    [
        pytest.param(None, words(*BOT), "python bot.py -t twilio --host 0.0.0.0", id="words"),
        pytest.param(
            None,
            words("python", "bot.py", "--host", "localhost", "-v"),
            "python bot.py --host 0.0.0.0 -v",
            id="another-value",
        ),
        pytest.param(
            None,
            words("python", "bot.py", "--host=localhost"),
            "python bot.py --host=0.0.0.0",
            id="another-value-after-an-equals-sign",
        ),
        pytest.param(
            words("tini", "--"), words(*BOT), "python bot.py -t twilio --host 0.0.0.0", id="tini"
        ),
        pytest.param(
            words("python", "bot.py"), words("-v"), "-v --host 0.0.0.0", id="options-only"
        ),
        pytest.param(words("python", "bot.py"), None, "--host 0.0.0.0", id="an-entrypoint-only"),
        pytest.param(
            None,
            shell("python 'my bot.py'"),
            "python 'my bot.py' --host 0.0.0.0",
            id="a-plain-line",
        ),
        pytest.param(
            None,
            shell("cd /a && python bot.py --port $PORT"),
            "sh -c 'cd /a && python bot.py --port $PORT --host 0.0.0.0'",
            id="a-line-that-needs-its-shell",
        ),
        pytest.param(
            None,
            words("bash", "-c", "exec python bot.py"),
            "sh -c 'exec python bot.py --host 0.0.0.0'",
            id="a-shell-in-words",
        ),
        pytest.param(shell("python bot.py"), None, None, id="an-entrypoint-without-arguments"),
        pytest.param(shell("python bot.py"), words("-v"), None, id="which-ignores-its-command"),
        pytest.param(words("tini"), shell("python bot.py"), None, id="an-odd-couple"),
    ],
)
def test_what_tells_it_to_listen_everywhere(
    entrypoint: StartCommand | None, command: StartCommand | None, arguments: str | None
) -> None:
    assert start_of(command, entrypoint).told({"--host": "0.0.0.0"}) == arguments


def test_nothing_said_is_nothing_understood() -> None:
    assert understood(None, None, {}) is None
    assert understood(None, words(), {}) is None


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]
)
def test_an_address_that_nobody_else_can_reach(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "bot", "localhost.example"])
def test_an_address_that_others_can_reach(host: str) -> None:
    assert not is_local(host)


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "7860x", "\u0667", "9" * 5000])
def test_what_is_no_port(text: str) -> None:
    assert port_of(text) is None
