"""What the caller does and sounds like is in the fingerprint; what only judges it is not: M-31."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pipecat_voice_test.measurement.comparison.fingerprint import Fingerprint, fingerprint
from pipecat_voice_test.scenario.load import load_paths
from pipecat_voice_test.scenario.model import CallSetup, Expectation, Line, Scenario

HOURS = """
name: Hours
turns:
  - expect: [{event: response, within_ms: 4000}]
  - user: What are your opening hours?
    expect:
      - {event: response, within_ms: 1500, lasts_at_least_ms: 500}
  - user: Never mind.
    send_after: {event: bot_started_speaking, delay_ms: 1000}
    expect:
      - {event: bot_interrupted, within_ms: 1000}
      - {event: response, absent: true, within_ms: 2000}
"""


def read(text: str, tmp_path: Path) -> Scenario:
    (tmp_path / "hours.yaml").write_text(text)
    (one,) = load_paths([tmp_path / "hours.yaml"], cwd=tmp_path)
    return one


def of(what: Scenario, **changes: Any) -> Fingerprint:
    sound: dict[str, Any] = {"recordings": {}, "noise": None, "engine": "hibari 1", "seed": 0}
    return fingerprint(what, **(sound | changes))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        pytest.param("within_ms: 1500", "within_ms: 2500", id="a-limit-that-was-raised"),
        pytest.param("lasts_at_least_ms: 500", "lasts_at_most_ms: 9000", id="bounds-on-a-reply"),
        pytest.param("name: Hours", "# Comment\nname: Opening\ntags: [a]", id="names-and-lines"),
        pytest.param(
            "name: Hours", "name: Hours\nlimits: {response_ms: {median: 9000}}", id="limits"
        ),
        pytest.param(
            "What are your opening hours?", "What are\n      your opening hours?", id="line-breaks"
        ),
    ],
)
def test_what_only_judges_or_names_changes_nothing(was: str, now: str, tmp_path: Path) -> None:
    assert HOURS.count(was) == 1
    before, after = read(HOURS, tmp_path), read(HOURS.replace(was, now), tmp_path)

    assert of(after) == of(before)


def test_what_is_only_shown_or_warned_of_changes_nothing(tmp_path: Path) -> None:
    what = read(HOURS, tmp_path)
    told = replace(what, doubts=("hours.yaml:8: is short",), source="# Another comment.")

    assert of(told) == of(what)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        pytest.param("delay_ms: 1000", "delay_ms: 900", id="when-the-caller-speaks"),
        pytest.param("within_ms: 2000", "within_ms: 3000", id="how-long-the-caller-is-quiet"),
        pytest.param("turns:", "turn_gap_ms: 900\nturns:", id="what-counts-as-a-turn"),
        pytest.param("turns:", "stop_on_failure: false\nturns:", id="when-the-caller-gives-up"),
        pytest.param("turns:", "call: {parameters: {id: '4'}}\nturns:", id="what-the-bot-is-told"),
        pytest.param("turns:", "detector: model\nturns:", id="how-speech-is-found"),
        pytest.param("  - user: Never", "  - wait_ms: 500\n  - user: Never", id="one-more-turn"),
        pytest.param("{event: bot_interrupted, within_ms: 1000}", "{event: clear}", id="event"),
    ],
)
def test_what_the_caller_does_changes_the_script(was: str, now: str, tmp_path: Path) -> None:
    assert HOURS.count(was) == 1
    before, after = of(read(HOURS, tmp_path)), of(read(HOURS.replace(was, now), tmp_path))

    assert after.script_sha256 != before.script_sha256
    assert after.audio_sha256 == before.audio_sha256


def test_another_text_changes_script_and_audio(tmp_path: Path) -> None:
    before = of(read(HOURS, tmp_path))
    after = of(read(HOURS.replace("Never mind.", "Forget it."), tmp_path))

    assert after.script_sha256 != before.script_sha256
    assert after.audio_sha256 != before.audio_sha256


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"engine": "hibari 2"}, id="another-engine"),
        pytest.param({"seed": 1}, id="another-seed"),
        pytest.param({"noise": b"cafe"}, id="noise"),
        pytest.param({"recordings": {1: b"RIFF"}}, id="a-recording"),
    ],
)
def test_what_the_caller_sounds_like_changes_the_audio_alone(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    what = read(HOURS, tmp_path)
    before, after = of(what), of(what, **changes)

    assert after.audio_sha256 != before.audio_sha256
    assert after.script_sha256 == before.script_sha256


def test_the_engine_is_nothing_to_a_scenario_of_recordings(tmp_path: Path) -> None:
    what = read(HOURS, tmp_path)
    recordings = {1: b"hours", 2: b"never mind"}

    assert of(what, recordings=recordings, engine="") == of(what, recordings=recordings)


def test_impairments_are_kept_as_the_scenario_has_them(tmp_path: Path) -> None:
    what = replace(read(HOURS, tmp_path), line=Line(level_dbov="keep", line_noise_dbov=None))

    found = of(what)
    assert found.line == {"level_dbov": "keep", "line_noise_dbov": None, "noise": None}
    assert found.audio_sha256 != of(read(HOURS, tmp_path)).audio_sha256


def test_frames_out_of_order_are_an_impairment_and_in_order_are_none(tmp_path: Path) -> None:
    what = read(HOURS, tmp_path)
    found = of(replace(what, line=Line(reorder=True)))

    assert found.line["reorder"] is True
    assert found.audio_sha256 != of(what).audio_sha256
    assert "reorder" not in of(what).line


def test_a_key_that_scenarios_gain_leaves_those_alone_that_do_not_give_it() -> None:
    """Only what is not as it is by default is hashed, so new defaults change no hash."""
    what = Scenario("a", Path("a.yaml"), 1, (), call=CallSetup(parameters={"id": "4"}))
    hashed = b'{"call":{"parameters":{"id":"4"}},"turns":[]}'

    assert of(what).script_sha256 == hashlib.sha256(hashed).hexdigest()


def test_which_mark_is_waited_for_is_part_of_the_script(tmp_path: Path) -> None:
    what = read(HOURS, tmp_path)
    first = what.turns[0]
    told = Expectation(0, 1, None, "response", mark_name="m")
    changed = replace(what, turns=(replace(first, expect=(told,)), *what.turns[1:]))

    assert of(changed).script_sha256 != of(what).script_sha256
