"""Faults are read strictly, listed in the help, and change what they say."""

from dataclasses import fields

import pytest
from pipecat_voice_test.demo.bot import settings_from
from pipecat_voice_test.demo.faults import FAULTS, Faults, Manners, table


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("deaf", "there is no fault `deaf`; --help lists them", id="unknown"),
        pytest.param("silent=1", "fault `silent` takes no value", id="value-for-none"),
        pytest.param("stale", "fault `stale` needs a number: stale=MS", id="value-missing"),
        pytest.param("stale=long", "fault `stale` needs a number: stale=MS", id="no-number"),
        pytest.param("stale=-1", "fault `stale` needs a number: stale=MS", id="negative"),
    ],
)
def test_what_is_no_fault(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="fault") as caught:
        Faults([text])

    assert str(caught.value) == message


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_switched_on_and_is_in_the_help(name: str) -> None:
    needs_value = FAULTS[name].unit and FAULTS[name].default is None
    faults = Faults([f"{name}=500" if needs_value else name])

    assert list(faults) == [name]
    assert f"  {name}" in table()
    assert {field.name for field in fields(faults.applied_to(Manners()))} == {
        field.name for field in fields(Manners())
    }


def test_no_fault_changes_nothing() -> None:
    assert Faults([""]).applied_to(Manners()) == Manners()


def test_faults_come_from_the_command_line_and_the_environment() -> None:
    settings = settings_from(
        ["--fault", "slow-yield=900", "--voice", "steady"], "no-greeting,pings"
    )

    assert dict(settings.faults) == {"no-greeting": 1, "pings": 1, "slow-yield": 900}
    assert settings.manners == Manners(greets=False, stop_after_ms=900)


def test_an_unknown_fault_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings_from(["--fault", "deaf"])

    assert "there is no fault `deaf`; --help lists them" in capsys.readouterr().err


def test_replies_can_be_given_a_length() -> None:
    settings = settings_from(["--reply-ms", "4000", "--voice", "steady"])

    assert [clip.length_ms for clip in settings.voice.replies] == [4000] * 4


@pytest.mark.parametrize(
    ("arguments", "streams"),
    [
        pytest.param([], False, id="nothing-between-utterances"),
        pytest.param(["--background", "typing"], True, id="a-background"),
        pytest.param(["--fault", "streams-silence"], True, id="the-fault"),
    ],
)
def test_what_lies_between_utterances(arguments: list[str], streams: bool) -> None:
    assert (settings_from(arguments).background is not None) == streams


def test_the_help_has_every_switch(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings_from(["--help"])
    said = capsys.readouterr().out

    assert table() in said
    for name in ("--background {silence,music,noise,typing}", "--background-db", "--tool-ms"):
        assert name in said


def test_a_spoilt_voice_is_what_it_speaks_with() -> None:
    healthy, spoilt = settings_from([]), settings_from(["--fault", "linear-pcm"])

    assert len(spoilt.voice.goodbye.ulaw) == 2 * len(healthy.voice.goodbye.ulaw)
