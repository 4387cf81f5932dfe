"""Packages are really loaded, and a sample is really spoken."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from pipecat_voice_test.checkup import software
from pipecat_voice_test.checkup.finding import Finding, Mark
from pipecat_voice_test.errors import ExitCode, SpeechError
from pipecat_voice_test.voice.engines import Spoken


@dataclass
class Engine:
    """Says the same whatever it is given, or fails."""

    pcm: np.ndarray | None
    id: str = "parrot 1.0"

    def speak(self, texts: Sequence[str]) -> list[Spoken]:
        if self.pcm is None:
            raise SpeechError("parrot 1.0 could not speak.", fix="feed it.", evidence="hungry")
        return [Spoken(self.pcm.astype(np.int16), 8000) for _ in texts]


def only(findings: Sequence[Finding]) -> Finding:
    (finding,) = findings
    return finding


def test_a_sample_is_spoken() -> None:
    finding = only(list(software.speech(Engine(np.ones(8000)))))

    assert finding.mark is Mark.OK
    said, _, took = finding.text.partition(" in ")
    assert said == 'parrot 1.0 said "Hello, can you hear me?" (1.0 s of sound'
    assert took.endswith(" s)")


@pytest.mark.parametrize(
    ("engine", "text", "fix"),
    [
        pytest.param(
            Engine(np.zeros(8000)),
            'parrot 1.0 said "Hello, can you hear me?" and nothing was to be heard',
            "install it again, or another one: apt-get install flite.",
            id="silence",
        ),
        pytest.param(
            Engine(np.ones(80)),
            'parrot 1.0 said "Hello, can you hear me?" and nothing was to be heard',
            "install it again, or another one: apt-get install flite.",
            id="a-click",
        ),
        pytest.param(Engine(None), "parrot 1.0 could not speak.", "feed it.", id="an-error"),
    ],
)
def test_an_engine_that_says_nothing(engine: Engine, text: str, fix: str) -> None:
    finding = only(list(software.speech(engine)))

    assert (finding.mark, finding.text, finding.fix, finding.code) == (
        Mark.MISS, text, fix, ExitCode.USAGE,
    )  # fmt: skip


def test_no_engine_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "find_engine", lambda: None)
    finding = only(list(software.speech()))

    assert finding.text == "nobody here can speak the caller's texts"
    assert finding.fix.startswith("pip install 'pipecat-voice-test[speech]'")
    assert finding.code is ExitCode.USAGE


def test_all_packages_are_here() -> None:
    finding = only(list(software.packages()))

    assert finding.mark is Mark.OK
    assert [one.split()[0] for one in finding.text.split(", ")] == [
        "websockets", "numpy", "soundfile", "soxr", "PyYAML", "docker",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("needed", "container_only", "code"),
    [
        ((("no-such", "no_such_module"),), (), ExitCode.USAGE),
        ((), (("no-such", "no_such_module"),), None),
    ],
)
def test_a_package_that_is_missing(
    needed: Sequence[tuple[str, str]],
    container_only: Sequence[tuple[str, str]],
    code: ExitCode | None,
) -> None:
    assert only(list(software.packages(needed, container_only))) == Finding(
        Mark.MISS,
        "packages",
        "no-such cannot be loaded",
        "install pipecat-voice-test again:"
        " `pip install --force-reinstall 'pipecat-voice-test[speech]'`.",
        "ModuleNotFoundError: No module named 'no_such_module'",
        code,
    )


def test_which_python() -> None:
    assert only(list(software.python())).mark is Mark.OK
