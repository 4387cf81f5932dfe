"""A bot that already runs somewhere; all there is to do is to wait until it answers."""

import asyncio
import ssl
import time
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from pipecat_voice_test.bot.base import StoppedOnExit
from pipecat_voice_test.bot.log import Printed
from pipecat_voice_test.bot.probe import POLL_S, PROBE_S, Address, Answer, Probe, probe
from pipecat_voice_test.errors import BotNotReady, UsageError

_SCHEMES = {"http": "ws", "https": "wss"}


class UrlBot(StoppedOnExit):
    """Called at the address it is given, exactly as given."""

    launcher = "url"

    def __init__(
        self,
        url: str,
        *,
        start_timeout_s: float = 60.0,
        call_api: Callable[[], str] | None = None,
    ) -> None:
        """Take `ws://…` or `wss://…`.

        Args:
            url: Where it is called.
            start_timeout_s: Until it must answer HTTP.
            call_api: Has the call API be found, and says where; None if it is not played.

        Raises:
            UsageError: It is no WebSocket address.
        """
        parts = _checked(url)
        self.url = url
        # User, password, query and token are not for reports.
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self.ready_ms = 0.0
        self._host = parts.hostname or ""
        self._tls = parts.scheme == "wss"
        self._port = parts.port or (443 if self._tls else 80)
        self._start_timeout_s = start_timeout_s
        self._call_api = call_api

    async def start(self) -> None:
        """Wait until it answers HTTP.

        Raises:
            BotNotReady: It did not within `start_timeout_s`, or its certificate is not valid.
            UsageError: The call API cannot be where it was asked for.
        """
        if self._call_api is not None:
            self.tell(f"the bot can hang up at {self._call_api()}")
        tls = ssl.create_default_context() if self._tls else None
        address = Address(self._host, self._port, tls)
        began = time.monotonic()
        deadline = began + self._start_timeout_s
        while True:
            asked = time.monotonic()
            left_s = max(0.05, deadline - asked)
            outcome = await probe(address, timeout_s=min(PROBE_S, left_s))
            if outcome.answer is Answer.HTTP:
                self.ready_ms = (time.monotonic() - began) * 1000
                return
            if outcome.answer is Answer.UNTRUSTED or time.monotonic() >= deadline:
                raise self._not_ready(address, outcome)
            await asyncio.sleep(max(0.0, min(asked + POLL_S, deadline) - time.monotonic()))

    def _not_ready(self, address: Address, outcome: Probe) -> BotNotReady:
        detail = f" ({outcome.detail})" if outcome.detail else ""
        if outcome.answer is Answer.UNTRUSTED:
            return BotNotReady(
                f"{self.name}: {address.authority} {outcome.answer.value}{detail}.",
                fix="give the name the certificate was made for, or call the bot by `ws://`.",
            )
        return BotNotReady(
            f"{self.name} did not answer within {self._start_timeout_s * 1000:.0f} ms:"
            f" {address.authority} {outcome.answer.value}{detail}.",
            fix="start the bot before the run, check host and port of `--bot-url`,\n"
            "or raise `--start-timeout` if it loads models first.",
        )

    async def stop(self) -> None:
        """Nothing was started, so nothing is stopped."""

    def kill_now(self) -> None:
        """Nothing was started, so nothing is stopped."""

    def exited(self) -> str | None:
        """None: nobody can tell from here."""
        return None

    def log_position(self) -> int:
        return 0

    def log_since(self, position: int) -> str:
        return ""

    def printed_since(self, position: int) -> Printed:
        return Printed()


def _checked(url: str) -> SplitResult:
    what = f"`--bot-url {url}` is not a WebSocket address."
    if "://" not in url:
        raise UsageError(what, fix=f"say `ws://{url}`.")
    scheme, _, rest = url.partition("://")
    if scheme in _SCHEMES:
        raise UsageError(what, fix=f"say `{_SCHEMES[scheme]}://{rest}`.")
    try:
        parts = urlsplit(url)
        complete = parts.scheme in ("ws", "wss") and parts.hostname and parts.port != 0
    except ValueError:
        complete = False
    if not complete or parts.fragment or url != url.strip():
        raise UsageError(
            what, fix="say `ws://HOST:PORT/PATH`, for example `ws://127.0.0.1:7860/ws`."
        )
    return parts
