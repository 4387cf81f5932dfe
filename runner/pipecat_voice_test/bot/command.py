"""A bot started as a local command."""

import asyncio
import contextlib
import errno
import os
import shlex
import socket
import time
from collections.abc import Mapping

from pipecat_voice_test.bot.base import Listen, StoppedOnExit, told_call_api
from pipecat_voice_test.bot.listening import listening_addresses
from pipecat_voice_test.bot.log import KEPT_BYTES, LogRing, Printed
from pipecat_voice_test.bot.probe import PROBE_S, Address, Answer
from pipecat_voice_test.bot.process import ProcessGroup
from pipecat_voice_test.bot.waiting import ask, until_next_question
from pipecat_voice_test.errors import BotExited, BotNotReady, UsageError

DEFAULT_PORT = 7860
DUMMY_ACCOUNT_SID = "AC" + "0" * 32
DUMMY_AUTH_TOKEN = "0" * 32

# A bot that found an API key beside an auth token would not know which of them to use.
_OURS_ALONE = frozenset(
    {"TWILIO_API_KEY", "TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET", "TWILIO_API_SECRET"}
)
_HOSTS = ("127.0.0.1", "::1")  # `localhost` is the one, the other or both, by machine.
_OUTPUT_S = 0.5


def given_to_bots(account_sid: str, auth_token: str) -> dict[str, str]:
    """What every bot finds in its environment unless it is given something else (P-52).

    Without the first, Python keeps back what it prints, and a bot that is killed takes it along.
    """
    return {
        "PYTHONUNBUFFERED": "1",
        "TWILIO_ACCOUNT_SID": account_sid,
        "TWILIO_AUTH_TOKEN": auth_token,
    }


class CommandBot(StoppedOnExit):
    """A process group of ours on a port of this machine."""

    launcher = "command"

    def __init__(
        self,
        command: str,
        *,
        port: int | None = None,
        path: str = "/ws",
        env: Mapping[str, str] | None = None,
        start_timeout_s: float = 60.0,
        stop_timeout_s: float = 5.0,
        account_sid: str = DUMMY_ACCOUNT_SID,
        auth_token: str = DUMMY_AUTH_TOKEN,
        log_bytes: int = KEPT_BYTES,
        listen: Listen | None = None,
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            command: Split as a shell would, but run without one. `{port}` in it becomes `port`,
                or a free port if that is None.
            port: Where the bot listens; None means 7860 for a command without `{port}`.
            path: Path of its media WebSocket.
            env: Laid over our own environment; the bot sees neither our account id nor our
                auth token nor API key unless they are given here (P-52).
            start_timeout_s: Until it must answer HTTP.
            stop_timeout_s: Between asking it to end and ending it.
            account_sid: What it is given instead, like the run's own.
            auth_token: The same.
            log_bytes: How much of its output is kept.
            listen: Where it can hang up over HTTP, which it is told; None for nowhere.

        Raises:
            UsageError: The command is empty or its quotes do not match.
        """
        self.name = command
        self._words = _split(command)
        self._port = port
        self._path = "/" + path.lstrip("/")
        ours = {name: value for name, value in os.environ.items() if name not in _OURS_ALONE}
        self._env = {**ours, **given_to_bots(account_sid, auth_token)}
        self._given = env or {}
        self._listen = listen
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._log = LogRing(log_bytes)
        self._group: ProcessGroup | None = None
        self._ended: str | None = None
        self.url = ""
        self.ready_ms = 0.0

    async def start(self) -> None:
        """Start the command and wait until it answers HTTP on its port.

        Raises:
            UsageError: The command cannot be run, or the port is taken by somebody else.
            BotExited: It ended before it listened.
            BotNotReady: It did not answer within `start_timeout_s`.
        """
        port = self._choose_port()
        _must_be_free(port)
        began = time.monotonic()
        self._group = self._launch([word.replace("{port}", str(port)) for word in self._words])
        host = await self._wait_until_ready(port, began + self._start_timeout_s)
        self.ready_ms = (time.monotonic() - began) * 1000
        self.url = f"ws://{Address(host, port).authority}{self._path}"

    async def stop(self) -> None:
        """SIGTERM, `stop_timeout_s`, SIGKILL, to the command and all it started; reaps them."""
        group = self._group
        if group is None:
            return
        try:
            if not group.gone():
                group.terminate()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._stop_timeout_s):
                        while not group.gone():  # noqa: ASYNC110 - the system sends no event
                            await asyncio.sleep(0.02)
        finally:
            self.kill_now()

    def kill_now(self) -> None:
        """SIGKILL to the command and all it started, and reap; blocks for milliseconds."""
        group, self._group = self._group, None
        if group is not None:
            group.kill()
            self._ended = group.ended()

    def exited(self) -> str | None:
        """Such as "exited with code 3" or "was ended by SIGSEGV"; None while it runs."""
        return self._group.ended() if self._group is not None else self._ended

    def log_position(self) -> int:
        return self._log.position

    def log_since(self, position: int) -> str:
        return self._log.since(position)

    def printed_since(self, position: int) -> Printed:
        return self._log.printed_since(position)

    def _choose_port(self) -> int:
        if self._port is not None:
            return self._port
        return _free_port() if any("{port}" in word for word in self._words) else DEFAULT_PORT

    def _launch(self, words: list[str]) -> ProcessGroup:
        try:
            return ProcessGroup(words, {**self._env, **self._told(), **self._given}, self._log)
        except FileNotFoundError:
            fix = f"install `{words[0]}` or give its full path in `--bot-command`."
            if any(sign in self.name for sign in ("&&", "|", ";", "$", ">")):
                fix += '\nThere is no shell: for one, say `sh -c "…"`.'
            raise UsageError(
                f"there is no command `{words[0]}` to start the bot.", fix=fix
            ) from None
        except PermissionError:
            raise UsageError(
                f"`{words[0]}` cannot be run: permission denied.",
                fix=f"say `chmod +x {words[0]}`, or name its interpreter in `--bot-command`.",
            ) from None
        except (OSError, ValueError) as error:
            raise UsageError(
                f"`{self.name}` cannot be run: {error}.", fix="correct `--bot-command`."
            ) from error

    def _told(self) -> dict[str, str]:
        here = _HOSTS[0]
        return told_call_api(here, self._listen(here)) if self._listen is not None else {}

    async def _wait_until_ready(self, port: int, deadline: float) -> str:
        """The host at which it answers."""
        worst = Answer.REFUSED
        while True:
            asked = time.monotonic()
            for host in _HOSTS:
                left_s = max(0.05, deadline - time.monotonic())
                answer = await ask(Address(host, port), min(PROBE_S, left_s), self._must_be_alive)
                if answer is Answer.HTTP:
                    return host
                if answer in (Answer.SILENT, Answer.NOT_HTTP):
                    worst = answer
            if time.monotonic() >= deadline:
                raise self._not_ready(port, worst)
            await until_next_question(asked, deadline, self._must_be_alive)

    async def _must_be_alive(self) -> None:
        ended = self.exited()
        if ended is None:
            return
        if self._group is not None:
            self._group.wait_for_output(_OUTPUT_S)
        fix = (
            "run the command by itself and mend what it complains about;\n"
            "pass what it misses with `--bot-env KEY=VALUE`."
        )
        if ended == "exited with code 0":
            fix = "keep the bot in the foreground: the command must run as long as the bot does."
        raise BotExited(
            f"`{self.name}` {ended} before it listened.",
            fix=fix,
            evidence=self._log.evidence(),
        )

    def _not_ready(self, port: int, worst: Answer) -> BotNotReady:
        what = f"`{self.name}` did not listen on port {port} within"
        if worst is not Answer.REFUSED:
            what = f"`{self.name}` {worst.value} on port {port} within"
        what += f" {self._start_timeout_s * 1000:.0f} ms."
        fix = (
            "bind the server to 0.0.0.0 and this port: write `{port}` where the command takes\n"
            "its port, or give the port it uses as `--bot-port`;\n"
            "or raise `--start-timeout` if it loads models first."
        )
        elsewhere = self._listens_elsewhere(port)
        if elsewhere:
            what += f" It listens on {' and '.join(elsewhere)}."
        return BotNotReady(what, fix=fix, evidence=self._log.evidence())

    def _listens_elsewhere(self, port: int) -> list[str]:
        """Addresses it does listen on, other than the one we asked."""
        asked = {(host, port) for host in (*_HOSTS, "0.0.0.0", "::")}
        processes = self._group.processes if self._group is not None else []
        found = [item for item in listening_addresses(processes) if item not in asked]
        return [Address(host, number).authority for host, number in found]


def _split(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        raise UsageError(
            f"`--bot-command {command}` has a quote that is not closed.", fix="close it."
        ) from None
    if not words:
        raise UsageError("`--bot-command` is empty.", fix="say how the bot is started.")
    return words


def _free_port() -> int:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        return port


def _must_be_free(port: int) -> None:
    """Somebody else's bot would be tested in place of ours."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return  # Not ours to judge, for example a port below 1024; the bot will say.
            raise UsageError(
                f"port {port} is already taken by another program on this machine.",
                fix="end that program, or write `{port}` where the command takes its port,\n"
                "or give another `--bot-port`.",
            ) from None
