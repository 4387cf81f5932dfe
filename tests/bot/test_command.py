"""A bot started as a command: each way it can fail to come up, and that it always ends."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pipecat_voice_test.bot.base import Bot
from pipecat_voice_test.bot.command import CommandBot
from pipecat_voice_test.bot.log import Printed
from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.errors import BotExited, BotNotReady, UsageError, VoiceTestError

from bot.bots import command, http_bot

NOT_READY_FIX = (
    "  Fix: bind the server to 0.0.0.0 and this port: write `{port}` where the command takes\n"
    "       its port, or give the port it uses as `--bot-port`;\n"
    "       or raise `--start-timeout` if it loads models first.\n"
)
EXITED_FIX = (
    "  Fix: run the command by itself and mend what it complains about;\n"
    "       pass what it misses with `--bot-env KEY=VALUE`.\n"
)
SLEEP = "import time; time.sleep(600)"


def free_port() -> int:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        return port


def start_and_stop(bot: CommandBot) -> None:
    async def run() -> None:
        async with bot:
            pass

    asyncio.run(run())


def failure_of(bot: CommandBot) -> VoiceTestError:
    with pytest.raises(VoiceTestError) as caught:
        start_and_stop(bot)
    return caught.value


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # A zombie is dead; whoever adopted it has not looked yet.


async def printed(bot: CommandBot, *, after: int) -> None:
    while bot.log_position() <= after:  # noqa: ASYNC110 - a thread reads, nothing to await
        await asyncio.sleep(0.01)


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_bot_that_answers_404_is_ready_and_its_address_known() -> None:
    async def run() -> tuple[str, float, str | None, str]:
        async with CommandBot(http_bot(before="print('hello')\n")) as bot:
            return bot.url, bot.ready_ms, bot.exited(), bot.log_since(0)

    url, ready_ms, exited, log = asyncio.run(run())

    assert url.startswith("ws://127.0.0.1:")
    assert url.endswith("/ws")
    assert ready_ms > 0
    assert exited is None
    assert log == "hello\n"


def test_a_bot_port_that_was_given_goes_into_the_command_and_the_address() -> None:
    port = free_port()
    bot = CommandBot(http_bot(), port=port, path="media")
    start_and_stop(bot)

    assert bot.url == f"ws://127.0.0.1:{port}/media"


def test_a_bot_that_listens_on_the_other_localhost_is_found() -> None:
    code = (
        "import asyncio, sys\n"
        "async def answer(reader, writer):\n"
        "    writer.write(b'HTTP/1.1 200 OK\\r\\n\\r\\n'); writer.close()\n"
        "async def main():\n"
        "    await (await asyncio.start_server(answer, '::1', int(sys.argv[1]))).serve_forever()\n"
        "asyncio.run(main())"
    )
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    bot = CommandBot(command(code, "{port}"))
    start_and_stop(bot)

    assert bot.url.startswith("ws://[::1]:")


def test_a_taken_port_is_said_before_anything_is_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        bot = CommandBot(command(f"open({str(started)!r}, 'w')"), port=port)
        error = failure_of(bot)

    assert isinstance(error, UsageError)
    assert str(error) == (
        f"port {port} is already taken by another program on this machine.\n"
        "  Fix: end that program, or write `{port}` where the command takes its port,\n"
        "       or give another `--bot-port`."
    )
    assert not started.exists()


@pytest.mark.parametrize(
    ("code", "ended", "rest"),
    [
        pytest.param(
            "import sys; print('no key'); sys.exit(3)",
            "exited with code 3",
            EXITED_FIX + "  Last lines it logged:\n    no key",
            id="P-4-code-and-last-lines",
        ),
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "was ended by SIGSEGV",
            EXITED_FIX + "  It logged nothing.",
            id="P-4-signal",
        ),
        pytest.param(
            "pass",
            "exited with code 0",
            "  Fix: keep the bot in the foreground: the command must run as long as the bot does.\n"
            "  It logged nothing.",
            id="went-to-the-background",
        ),
    ],
)
def test_a_bot_that_exits_is_noticed_at_once(code: str, ended: str, rest: str) -> None:
    bot = CommandBot(command(code), port=free_port(), start_timeout_s=3600)
    error = failure_of(bot)

    assert isinstance(error, BotExited)
    assert error.kind == "bot_exited"
    assert str(error) == f"`{bot.name}` {ended} before it listened.\n{rest}"
    assert bot.exited() == ended


def test_a_bot_that_exits_while_it_owes_an_http_answer_is_noticed() -> None:
    code = (
        "import socket, sys\n"
        "server = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "kept = server.accept()\n"
        "sys.exit(4)"
    )
    error = failure_of(CommandBot(command(code, "{port}"), start_timeout_s=3600))

    assert isinstance(error, BotExited)
    assert "exited with code 4" in error.what


def test_a_bot_that_never_listens() -> None:
    port = free_port()
    bot = CommandBot("sh -c 'echo loading; exec sleep 600'", port=port, start_timeout_s=1)
    error = failure_of(bot)

    assert isinstance(error, BotNotReady)
    assert error.kind == "bot_not_ready"
    assert str(error) == (
        f"`{bot.name}` did not listen on port {port} within 1000 ms.\n"
        + NOT_READY_FIX
        + "  Last lines it logged:\n    loading"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_bot_that_listens_elsewhere_is_told_where() -> None:
    port, elsewhere = free_port(), free_port()
    # A child listens: the whole group is looked at.
    bot = CommandBot(
        command(
            "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])",
            f"import socket; s = socket.create_server(('127.0.0.1', {elsewhere})); {SLEEP}",
        ),
        port=port,
        start_timeout_s=3,
    )
    error = failure_of(bot)

    assert error.what == (
        f"`{bot.name}` did not listen on port {port} within 3000 ms."
        f" It listens on 127.0.0.1:{elsewhere}."
    )


def test_a_port_that_accepts_but_never_answers_is_not_ready() -> None:
    port = free_port()
    code = f"import socket; s = socket.create_server(('127.0.0.1', {port})); {SLEEP}"
    bot = CommandBot(command(code), port=port, start_timeout_s=1.5)
    error = failure_of(bot)

    assert error.what == (
        f"`{bot.name}` accepted the connection but never answered an HTTP request"
        f" on port {port} within 1500 ms."
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            "no-such-program --port 1",
            "there is no command `no-such-program` to start the bot.\n"
            "  Fix: install `no-such-program` or give its full path in `--bot-command`.",
            id="not-found",
        ),
        pytest.param(
            "cd bot && python bot.py",
            "there is no command `cd` to start the bot.\n"
            "  Fix: install `cd` or give its full path in `--bot-command`.\n"
            '       There is no shell: for one, say `sh -c "…"`.',
            id="shell-syntax",
        ),
        pytest.param(
            "/dev/null",
            "`/dev/null` cannot be run: permission denied.\n"
            "  Fix: say `chmod +x /dev/null`, or name its interpreter in `--bot-command`.",
            id="not-executable",
        ),
    ],
)
def test_a_command_that_cannot_be_run(words: str, message: str) -> None:
    error = failure_of(CommandBot(words, port=free_port()))

    assert isinstance(error, UsageError)
    assert str(error) == message


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            "", "`--bot-command` is empty.\n  Fix: say how the bot is started.", id="empty"
        ),
        pytest.param(
            "python 'bot.py",
            "`--bot-command python 'bot.py` has a quote that is not closed.\n  Fix: close it.",
            id="open-quote",
        ),
    ],
)
def test_a_command_that_cannot_be_read(words: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        CommandBot(words)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        pytest.param(
            {}, "AC" + "0" * 32 + " " + "0" * 32 + " kept", id="P-52-dummies-replace-ours"
        ),
        pytest.param(
            {"TWILIO_ACCOUNT_SID": "ACgiven", "TWILIO_AUTH_TOKEN": "given", "OURS": "changed"},
            "ACgiven given changed",
            id="P-52-what-was-given-is-passed-on",
        ),
    ],
)
def test_the_bots_environment(
    given: dict[str, str], seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "7" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "a real one")
    monkeypatch.setenv("TWILIO_API_KEY", "SK" + "7" * 32)
    monkeypatch.setenv("OURS", "kept")
    code = (
        "import os, sys; e = os.environ; "
        "names = ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_API_KEY', 'OURS']; "
        "sys.exit(' '.join(e[name] for name in names if name in e))"
    )
    error = failure_of(CommandBot(command(code), port=free_port(), env=given))

    assert error.evidence == f"Last lines it logged:\n  {seen}"


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        pytest.param({}, "http://127.0.0.1:8089", id="where-it-listens"),
        pytest.param({"PVT_CALL_API_URL": "http://own"}, "http://own", id="unless-told-otherwise"),
    ],
)
def test_the_bot_is_told_where_it_can_hang_up(given: dict[str, str], seen: str) -> None:
    """PROTOCOL 6: an address the bot is told."""
    code = "import os, sys; sys.exit(os.environ['PVT_CALL_API_URL'])"
    listen = {"127.0.0.1": 8089}.__getitem__
    error = failure_of(CommandBot(command(code), port=free_port(), env=given, listen=listen))

    assert error.evidence == f"Last lines it logged:\n  {seen}"


def test_fifty_megabytes_of_log_neither_block_nor_stay() -> None:
    flood = (
        "import sys\nfor _ in range(800): sys.stdout.write('x' * 65535 + chr(10))\nprint('end')\n"
    )

    async def run() -> tuple[int, str]:
        async with CommandBot(http_bot(before=flood), log_bytes=1_000_000) as bot:
            return bot.log_position(), bot.log_since(0)

    position, log = asyncio.run(run())

    assert position == 800 * 65536 + len("end\n")
    assert len(log) < 1_001_000
    assert log.endswith("x\nend\n")


def test_log_since_a_position_is_what_came_after_it() -> None:
    before = (
        "import signal\n"
        "print('before', flush=True)\n"
        "signal.signal(signal.SIGUSR1, lambda *_: print('during', flush=True))\n"
    )

    async def run() -> str:
        async with CommandBot(http_bot(before=before + "import os; print(os.getpid())\n")) as bot:
            position = bot.log_position()
            os.kill(int(bot.log_since(0).split()[1]), signal.SIGUSR1)
            await printed(bot, after=position)
            return bot.log_since(position)

    assert asyncio.run(run()) == "during\n"


def test_each_line_came_after_it_was_printed_and_before_it_was_asked_for() -> None:
    """Only what comes within `PIECE_MS` of an earlier line has that one's time."""
    before = (
        "import threading, time\n"
        "def talk():\n"
        "    for _ in range(5):\n"
        "        print(time.monotonic_ns(), flush=True)\n"
        "        time.sleep(0.05)\n"
        "threading.Thread(target=talk).start()\n"
    )

    async def run() -> tuple[Printed, int]:
        async with CommandBot(http_bot(before=before)) as bot:
            while bot.log_since(0).count("\n") < 5:  # noqa: ASYNC110 - a thread reads
                await asyncio.sleep(0.01)
            return bot.printed_since(0), time.monotonic_ns()

    printed, asked_ns = asyncio.run(run())
    moments = printed.moments()
    came_ns = [at_ns for _, at_ns in moments]
    lines = [int(printed.text()[at:].split()[0]) for at, _ in moments]

    assert came_ns == sorted(came_ns)
    assert came_ns[-1] <= asked_ns
    assert all(line_ns <= at_ns for line_ns, at_ns in zip(lines, came_ns, strict=True))


def test_a_bot_that_ignores_sigterm_is_ended_all_the_same() -> None:
    before = (
        "import os, signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(os.getpid(), flush=True)\n"
    )
    bot = CommandBot(http_bot(before=before), stop_timeout_s=0.2)
    start_and_stop(bot)

    assert bot.exited() == "was ended by SIGKILL"
    assert not alive(int(bot.log_since(0)))


def test_a_bot_that_heeds_sigterm_ends_by_itself() -> None:
    before = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
    bot = CommandBot(http_bot(before=before), stop_timeout_s=60)
    start_and_stop(bot)

    assert bot.exited() == "exited with code 7"


CHILD = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], "
    "start_new_session={detached})\n"
    "print(child.pid, flush=True)\n"
)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("detached", [False, True], ids=["in-the-group", "in-its-own-session"])
def test_children_do_not_outlive_the_bot(detached: bool) -> None:
    bot = CommandBot(http_bot(before=CHILD.format(detached=detached)), stop_timeout_s=0.5)
    start_and_stop(bot)

    child = int(bot.log_since(0))
    assert eventually(lambda: not alive(child))


def test_children_of_a_bot_that_exited_by_itself_are_ended_too() -> None:
    code = CHILD.format(detached=False) + "sys.exit(3)"
    bot = CommandBot(command(code), port=free_port(), stop_timeout_s=0.5)
    failure_of(bot)

    child = int(bot.log_since(0))
    assert eventually(lambda: not alive(child))


def test_a_run_that_is_cancelled_while_the_bot_starts_leaves_nothing() -> None:
    code = "import os; print(os.getpid(), flush=True); " + SLEEP
    bot = CommandBot(command(code), port=free_port())

    async def run() -> None:
        starting = asyncio.create_task(bot.__aenter__())
        await printed(bot, after=0)
        starting.cancel()
        await starting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())

    assert not alive(int(bot.log_since(0)))


def test_kill_now_needs_no_event_loop_and_stop_may_follow() -> None:
    bot = CommandBot(http_bot(before="import os; print(os.getpid(), flush=True)\n"))
    asyncio.run(bot.start())
    bot.kill_now()
    bot.kill_now()
    asyncio.run(bot.stop())

    assert bot.exited() == "was ended by SIGKILL"
    assert not alive(int(bot.log_since(0)))


def test_every_bot_is_a_bot() -> None:
    bots: list[Bot] = [CommandBot("anything"), UrlBot("ws://127.0.0.1:1/ws")]

    assert [bot.launcher for bot in bots] == ["command", "url"]


def test_stopping_before_starting_is_fine() -> None:
    bot = CommandBot("anything")
    asyncio.run(bot.stop())

    assert bot.exited() is None


def test_the_bot_ends_when_we_are_killed(tmp_path: Path) -> None:
    bot_pid = tmp_path / "pid"
    before = f"import os; open({str(bot_pid)!r}, 'w').write(str(os.getpid()))\n"
    code = f"""
        import asyncio, time
        from pipecat_voice_test.bot.command import CommandBot
        asyncio.run(CommandBot({http_bot(before=before)!r}).start())
        print("started", flush=True)
        time.sleep(600)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    ) as us:
        assert us.stdout is not None
        assert us.stdout.readline() == "started\n"
        us.kill()

    process = int(bot_pid.read_text())
    assert eventually(lambda: not alive(process))
