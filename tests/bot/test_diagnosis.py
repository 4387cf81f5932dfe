"""Whoever reads why a bot does not answer knows what to do about it."""

from typing import Any

import pytest
from pipecat_voice_test.bot.diagnosis import ended_in_run, exited_early, not_ready, unhealthy
from pipecat_voice_test.bot.log import LogRing
from pipecat_voice_test.bot.probe import Answer


def log_of(text: str) -> LogRing:
    log = LogRing()
    log.append(text.encode())
    return log


BY_HAND_FIX = (
    "  Fix: run `docker run --rm shop/bot` and mend what it complains about;\n"
    "       pass what it misses with `--bot-env KEY=VALUE`.\n"
)
COMMAND_FIX = (
    "  Fix: the command is not in the image, or may not be run: correct `--bot-args`, or the\n"
    "       image's ENTRYPOINT and CMD.\n"
)
CAPABILITY_FIX = (
    "  Fix: all capabilities are dropped: start the bot as its own user (`USER` in the"
    " Dockerfile,\n"
    "       or `--bot-user`), or give back what it needs, such as `--bot-cap-add SETUID\n"
    "       --bot-cap-add SETGID --bot-cap-add CHOWN`; without `--bot-read-only` it may write.\n"
)


@pytest.mark.parametrize(
    ("ended", "printed", "fix"),
    [
        pytest.param("exited with code 3", "KeyError: 'OPENAI_API_KEY'", BY_HAND_FIX, id="code"),
        pytest.param(
            "exited with code 0",
            "started in the background",
            "  Fix: keep the bot in the foreground: its container lives as long as its command.\n",
            id="at-once",
        ),
        pytest.param(
            "exited with code 127",
            "[FATAL tini (7)] exec serve failed: No such file or directory",
            COMMAND_FIX,
            id="no-command",
        ),
        pytest.param(
            "exited with code 127", "/bin/sh: 1: exec: serve: not found", COMMAND_FIX, id="no-shell"
        ),
        pytest.param(
            "exited with code 1",
            "exec /bot.sh: exec format error",
            "  Fix: the image is made for other processors, or its script lacks a `#!` line:\n"
            "       `docker image inspect` shows its Architecture.\n",
            id="format",
        ),
        pytest.param(
            "exited with code 1",
            "error: failed switching to 'bot': operation not permitted (gosu)",
            CAPABILITY_FIX,
            id="gosu",
        ),
        pytest.param(
            "exited with code 1",
            "PermissionError: [Errno 13] Permission denied: '/data'",
            CAPABILITY_FIX,
            id="permission",
        ),
        pytest.param(
            "exited with code 1",
            "OSError: [Errno 30] Read-only file system: '/bot/cache'",
            "  Fix: leave out `--bot-read-only`, or have the bot write to /tmp only.\n",
            id="read-only",
        ),
        pytest.param(
            "exited with code 1",
            "RuntimeError: can't start new thread",
            "  Fix: let it have more processes and threads with `--bot-pids`.\n",
            id="threads",
        ),
        pytest.param(
            "was killed for using more than its memory limit of 4.0 GiB (exit code 137, OOM"
            " killed)",
            "loading",
            "  Fix: give it more with `--bot-memory`, or have it load less.\n",
            id="memory",
        ),
    ],
)
def test_a_bot_that_ended_early(ended: str, printed: str, fix: str) -> None:
    error = exited_early("shop/bot", ended, log_of(printed), by_hand="docker run --rm shop/bot")

    assert error.kind == "bot_exited"
    assert str(error) == (
        f"shop/bot {ended} before it listened.\n{fix}  Last lines it logged:\n    {printed}"
    )


def test_a_bot_that_is_lost_is_the_engines_doing() -> None:
    ended = "was lost: the container engine no longer answers"

    early = exited_early("shop/bot", ended, log_of("hello"), by_hand="")
    late = ended_in_run(ended)

    assert early.kind == late.kind == "engine"
    assert str(early) == (
        "shop/bot was lost: the container engine no longer answers.\n"
        "  Fix: look at the engine's own log, and run again when `docker version` shows a server.\n"
        "  Last lines it logged:\n"
        "    hello"
    )


LOCAL_FIX = "  Fix: bind the server to 0.0.0.0, not localhost (Pipecat: `--host 0.0.0.0`)"
NOT_HERE = "shop/bot did not listen on port 7860 within 60000 ms."


@pytest.mark.parametrize(
    ("seen", "exposed", "message"),
    [
        pytest.param(
            [("127.0.0.1", 7860)],
            [7860],
            f"{NOT_HERE} It listens on 127.0.0.1:7860 inside its container, where nobody else can"
            f" reach it.\n{LOCAL_FIX}.",
            id="localhost",
        ),
        pytest.param(
            [("::1", 7860)],
            [],
            f"{NOT_HERE} It listens on [::1]:7860 inside its container, where nobody else can"
            f" reach it.\n{LOCAL_FIX}.",
            id="localhost-of-ipv6",
        ),
        pytest.param(
            [("127.0.0.1", 7860), ("0.0.0.0", 9090)],
            [],
            f"{NOT_HERE} It listens on 127.0.0.1:7860 inside its container, where nobody else can"
            f" reach it.\n{LOCAL_FIX}.",
            id="localhost-and-metrics-elsewhere",
        ),
        pytest.param(
            [("0.0.0.0", 8000)],
            [7860],
            f"{NOT_HERE} It listens on 0.0.0.0:8000 inside its container.\n"
            "  Fix: give `--bot-port 8000`, or have it listen on 7860.",
            id="another-port",
        ),
        pytest.param(
            [("127.0.0.1", 6379), ("::", 8000)],
            [],
            f"{NOT_HERE} It listens on 127.0.0.1:6379 and [::]:8000 inside its container.\n"
            "  Fix: give `--bot-port 8000`, or have it listen on 7860.",
            id="another-port-beside-a-local-one",
        ),
        pytest.param(
            [("0.0.0.0", 8000), ("0.0.0.0", 9090)],
            [],
            f"{NOT_HERE} It listens on 0.0.0.0:8000 and 0.0.0.0:9090 inside its container.\n"
            "  Fix: give the right one as `--bot-port`, or have it listen on 7860.",
            id="two-other-ports",
        ),
        pytest.param(
            [("127.0.0.1", 8000)],
            [],
            f"{NOT_HERE} It listens on 127.0.0.1:8000 inside its container, where nobody else can"
            f" reach it.\n{LOCAL_FIX};\n"
            "       give `--bot-port 8000`, or have it listen on 7860.",
            id="localhost-on-another-port",
        ),
        pytest.param(
            [("127.0.0.11", 39000)],
            [],
            f"{NOT_HERE} Nothing listens inside its container.\n"
            "  Fix: raise `--start-timeout` if it loads models first.",
            id="nowhere",
        ),
        pytest.param(
            [],
            [7860, 8080],
            f"{NOT_HERE} Its image exposes port 8080. Nothing listens inside its container.\n"
            "  Fix: give `--bot-port 8080` if the bot listens there,\n"
            "       or raise `--start-timeout` if it loads models first.",
            id="nowhere-yet",
        ),
        pytest.param(
            None,
            [],
            f"{NOT_HERE}\n"
            "  Fix: bind the server to 0.0.0.0 (not localhost),\n"
            "       or give the port it uses as `--bot-port`,\n"
            "       or raise `--start-timeout` if it loads models first.",
            id="nobody-knows-where",
        ),
    ],
)
def test_a_bot_that_listens(
    seen: list[tuple[str, int]] | None, exposed: list[int], message: str
) -> None:
    error = told(seen=seen, exposed=exposed)

    assert error.kind == "bot_not_ready"
    assert str(error) == f"{message}\n  Last lines it logged:\n    hello"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(
            Answer.SILENT,
            "shop/bot accepted the connection but never answered an HTTP request on port 7860"
            " within 60000 ms.\n"
            "  Fix: the server must answer plain HTTP too, whatever the status;\n"
            "       or raise `--start-timeout` if it loads models first.",
            id="silent",
        ),
        pytest.param(
            Answer.NOT_HTTP,
            "shop/bot accepted the connection but did not answer in HTTP on port 7860 within"
            " 60000 ms.\n"
            "  Fix: the server must answer plain HTTP too, whatever the status;\n"
            "       or raise `--start-timeout` if it loads models first.",
            id="another-language",
        ),
        pytest.param(
            Answer.REFUSED,
            "shop/bot listens on port 7860, but could not be reached at 10.0.0.9:4000 within"
            " 60000 ms.\n"
            "  Fix: a firewall or a network between us is in the way: name a network that both can"
            " join\n"
            "       as `--bot-network`.",
            id="behind-a-wall",
        ),
    ],
)
def test_a_bot_that_listens_where_it_should_but_is(answer: Answer, message: str) -> None:
    error = told(seen=[("0.0.0.0", 7860)], answer=answer)

    assert str(error) == f"{message}\n  Last lines it logged:\n    hello"


def told(**differences: Any) -> Any:
    facts = {"answer": Answer.REFUSED, "asked": "10.0.0.9:4000", "exposed": [], **differences}
    return not_ready("shop/bot", 7860, 60.0, facts.pop("answer"), log=log_of("hello"), **facts)


@pytest.mark.parametrize(
    ("health", "said"),
    [
        pytest.param(
            {"FailingStreak": 3, "Log": [{"Output": "old"}, {"Output": "curl: (7) refused\n"}]},
            "curl: (7) refused",
            id="words",
        ),
        pytest.param({"FailingStreak": 3}, "nothing", id="nothing"),
    ],
)
def test_a_bot_whose_health_check_says(health: dict[str, Any], said: str) -> None:
    error = unhealthy("shop/bot", health, log_of("hello"))

    assert error.kind == "bot_not_ready"
    assert str(error) == (
        "shop/bot is unhealthy: its own health check failed 3 times.\n"
        "  Fix: mend what the check complains about, or the image's HEALTHCHECK itself;\n"
        "       a `--start-period` in it gives the bot time to load.\n"
        "  The health check's last words:\n"
        f"    {said}\n"
        "  Last lines it logged:\n"
        "    hello"
    )
