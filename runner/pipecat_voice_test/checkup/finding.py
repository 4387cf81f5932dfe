"""What was looked at, how it came out, and what to do about it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from pipecat_voice_test.errors import ExitCode, VoiceTestError


class Mark(StrEnum):
    """How something came out."""

    OK = "ok"
    MISS = "miss"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check-up.

    Attributes:
        topic: One word or two, which stand in front.
        text: What is, or what is not.
        fix: What to do about a miss; lines may be broken with a newline.
        evidence: What was seen.
        code: What a run would end with because of it; None if there are ways without it.
    """

    mark: Mark
    topic: str
    text: str
    fix: str = ""
    evidence: str = ""
    code: ExitCode | None = None


def ok(topic: str, text: str) -> Finding:
    return Finding(Mark.OK, topic, text)


def note(topic: str, text: str, fix: str = "") -> Finding:
    """Something to know, which keeps no run from being held."""
    return Finding(Mark.NOTE, topic, text, fix)


def miss(topic: str, error: VoiceTestError, code: ExitCode | None = None) -> Finding:
    """What an error says."""
    return Finding(Mark.MISS, topic, error.what, error.fix, error.evidence, code)


def guarded(topic: str, probe: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """What a probe finds, and what it stumbled over: nothing that is odd here ends a check-up."""
    try:
        yield from probe()
    except VoiceTestError as error:
        yield miss(topic, error)
    except Exception as error:
        words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        yield note(topic, f"could not be looked at: {words}")


def exit_code(findings: Iterable[Finding]) -> ExitCode:
    """What the whole comes to: no bot before no time, and anything else last."""
    codes = {finding.code for finding in findings}
    for code in (ExitCode.BOT_ERROR, ExitCode.INCONCLUSIVE, ExitCode.USAGE):
        if code in codes:
            return code
    return ExitCode.PASSED
