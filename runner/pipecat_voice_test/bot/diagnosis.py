"""Why a bot in a container does not answer, in words and with what to do about it."""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from pipecat_voice_test.bot.log import LogRing
from pipecat_voice_test.bot.probe import Address, Answer
from pipecat_voice_test.errors import (
    BotError,
    BotExited,
    BotNotReady,
    EngineError,
    VoiceTestError,
)

_DOCKER_DNS = "127.0.0.11"  # Listens in every container of a network that was created.
_LOST = "was lost"
_FIX_OF_LOSS = "look at the engine's own log, and run again when `docker version` shows a server."

# What a dead bot's last lines give away; the first that fits counts.
_HINTS = (
    (
        r"\[FATAL tini|exec: .*: (?:not found|no such file)|executable file not found",
        "the command is not in the image, or may not be run: correct `--bot-args`, or the\n"
        "image's ENTRYPOINT and CMD.",
    ),
    (
        r"exec format error",
        "the image is made for other processors, or its script lacks a `#!` line:\n"
        "`docker image inspect` shows its Architecture.",
    ),
    (
        r"read-only file system",
        "leave out `--bot-read-only`, or have the bot write to /tmp only.",
    ),
    (
        r"operation not permitted|permission denied|gosu|su-exec|no new privileges",
        "all capabilities are dropped: start the bot as its own user (`USER` in the Dockerfile,\n"
        "or `--bot-user`), or give back what it needs, such as `--bot-cap-add SETUID\n"
        "--bot-cap-add SETGID --bot-cap-add CHOWN`; without `--bot-read-only` it may write.",
    ),
    (
        r"can't start new thread|resource temporarily unavailable",
        "let it have more processes and threads with `--bot-pids`.",
    ),
)


def exited_early(name: str, ended: str, log: LogRing, *, by_hand: str) -> VoiceTestError:
    """It ended before it listened.

    Args:
        name: The bot's.
        ended: How, as `Tenant.ended` says it.
        log: What it printed.
        by_hand: The command that shows the same without us.
    """
    if ended.startswith(_LOST):
        return EngineError(f"{name} {ended}.", fix=_FIX_OF_LOSS, evidence=log.evidence())
    return BotExited(
        f"{name} {ended} before it listened.",
        fix=_fix_of_exit(ended, "\n".join(log.last_lines()), by_hand),
        evidence=log.evidence(),
    )


def ended_in_run(ended: str) -> BotError:
    """It ended when it was up; with its engine gone, it is not the bot that misbehaved."""
    what = f"The bot {ended} during the run."
    if ended.startswith(_LOST):
        return EngineError(what, fix=_FIX_OF_LOSS)
    return BotExited(what, fix="its last lines say why; run the same command by hand to see it")


def _fix_of_exit(ended: str, printed: str, by_hand: str) -> str:
    if "memory limit" in ended:
        return "give it more with `--bot-memory`, or have it load less."
    for pattern, fix in _HINTS:
        if re.search(pattern, printed, re.IGNORECASE):
            return fix
    if ended == "exited with code 0":
        return "keep the bot in the foreground: its container lives as long as its command."
    return (
        f"run `{by_hand}` and mend what it complains about;\n"
        "pass what it misses with `--bot-env KEY=VALUE`."
    )


def not_ready(
    name: str,
    port: int,
    timeout_s: float,
    answer: Answer,
    *,
    seen: Sequence[tuple[str, int]] | None,
    asked: str,
    exposed: Sequence[int],
    log: LogRing,
) -> BotNotReady:
    """It runs, but did not answer in time.

    Args:
        name: The bot's.
        port: Where it should listen in its container.
        timeout_s: How long it had.
        answer: The most telling of what came back.
        seen: `(address, port)` where something listens in its container; None if nobody knows.
        asked: `host:port` at which we asked.
        exposed: Ports that its image says it has.
        log: What it printed.
    """
    where = [one for one in seen or () if one[0] != _DOCKER_DNS]
    within = f"within {timeout_s * 1000:.0f} ms."
    open_here = [one for one in where if one[1] == port and not _is_local(one[0])]
    if open_here:
        what, fix = _listens_but(name, port, answer, asked, within)
        return BotNotReady(what, fix=fix, evidence=log.evidence())
    what = f"{name} did not listen on port {port} {within}"
    others = [one for one in exposed if one != port]
    if where:
        where = [one for one in where if one[1] == port] or where
        what += " It listens on " + " and ".join(Address(*one).authority for one in where)
        what += " inside its container"
        local = all(_is_local(host) for host, _ in where)
        what += ", where nobody else can reach it." if local else "."
        fix = _fix_of_where(port, where)
    else:
        if others:
            ports = " and ".join(str(one) for one in others)
            what += f" Its image exposes port {ports}."
        if seen is not None:
            what += " Nothing listens inside its container."
        fix = _fix_of_nothing(seen is not None, others)
    return BotNotReady(what, fix=fix, evidence=log.evidence())


def _listens_but(name: str, port: int, answer: Answer, asked: str, within: str) -> tuple[str, str]:
    if answer in (Answer.SILENT, Answer.NOT_HTTP):
        return (
            f"{name} {answer.value} on port {port} {within}",
            "the server must answer plain HTTP too, whatever the status;\n"
            "or raise `--start-timeout` if it loads models first.",
        )
    return (
        f"{name} listens on port {port}, but could not be reached at {asked} {within}",
        "a firewall or a network between us is in the way: name a network that both can join\n"
        "as `--bot-network`.",
    )


def _fix_of_where(port: int, where: Sequence[tuple[str, int]]) -> str:
    lines = []
    if all(_is_local(host) for host, _ in where):
        lines.append("bind the server to 0.0.0.0, not localhost (Pipecat: `--host 0.0.0.0`)")
    in_sight = [one for one in where if not _is_local(one[0])] or where
    ports = sorted({number for _, number in in_sight})
    if port not in ports:
        if len(ports) == 1:
            lines.append(f"give `--bot-port {ports[0]}`, or have it listen on {port}")
        else:
            lines.append(f"give the right one as `--bot-port`, or have it listen on {port}")
    return ";\n".join(lines) + "."


def _fix_of_nothing(known: bool, others: Sequence[int]) -> str:
    lines = [] if known else ["bind the server to 0.0.0.0 (not localhost)"]
    if others:
        lines.append(f"give `--bot-port {others[0]}` if the bot listens there")
    elif not known:
        lines.append("give the port it uses as `--bot-port`")
    lines.append("raise `--start-timeout` if it loads models first")
    return ",\nor ".join(lines) + "."


def unhealthy(name: str, health: Mapping[str, Any], log: LogRing) -> BotNotReady:
    """Its container's own health check gave it up, so waiting is in vain."""
    results = health.get("Log") or [{}]
    said = str(results[-1].get("Output") or "").strip()
    lines = [f"  {line}" for line in said.splitlines()[-10:]] or ["  nothing"]
    return BotNotReady(
        f"{name} is unhealthy: its own health check failed {health.get('FailingStreak', 0)} times.",
        fix="mend what the check complains about, or the image's HEALTHCHECK itself;\n"
        "a `--start-period` in it gives the bot time to load.",
        evidence="\n".join(["The health check's last words:", *lines, log.evidence()]),
    )


def _is_local(host: str) -> bool:
    address = ip_address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
