"""The level rule of METRICS 2, for whole recordings."""

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.level import at_active_level
from pipecat_voice_test.audio.speech import (
    clip_spans,
    heard_bursts,
    heard_speech,
    loud_from_dbov,
    loud_windows,
    speech_floor_dbov,
    stretches,
)

from audio.sounds import MS, VOICES, hiss, silence, sound, tone, voice


def in_ms(spans: tuple[tuple[int, int], ...]) -> list[tuple[float, float]]:
    return [(start / MS, end / MS) for start, end in spans]


@pytest.mark.parametrize(
    ("pcm", "floor"),
    [
        pytest.param(np.empty(0, np.int16), -75, id="no-call-at-all"),
        pytest.param(silence(1000), -75, id="digital-silence-has-the-lowest"),
        pytest.param(sound(silence(111), tone(889, -26)), -75, id="a-tenth-of-silence-is-enough"),
        pytest.param(sound(silence(80), tone(920, -26)), -45, id="never-above-minus-45"),
        pytest.param(sound(tone(500, -60), tone(500, -26)), -60, id="the-background-of-the-bot"),
    ],
)
def test_rule_1_floor(pcm: Pcm, floor: float) -> None:
    assert speech_floor_dbov(pcm) == pytest.approx(floor, abs=0.1)


@pytest.mark.parametrize(
    ("floor", "threshold"),
    [(-75, -50), (-62, -50), (-61, -49), (-55, -43), (-45, -33)],
)
def test_rule_2_threshold(floor: float, threshold: float) -> None:
    assert loud_from_dbov(floor) == threshold


@pytest.mark.parametrize(
    ("dbov", "loud"),
    [pytest.param(-49.9, True, id="above"), pytest.param(-50.1, False, id="below")],
)
def test_rule_2_a_window_is_loud_from_the_threshold_on(dbov: float, loud: bool) -> None:
    assert loud_windows(tone(10, dbov, hz=800), -50).tolist() == [loud]


def windows(pattern: str) -> Pcm:
    """10 ms of tone for each `#`, of silence for each dot."""
    return sound(*(tone(10, -26) if each == "#" else silence(10) for each in pattern))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("..######..", [(20, 80)], id="rule-3-plain"),
        pytest.param("..#####...", [], id="rule-4-shorter-than-60-ms-is-dropped"),
        pytest.param("#.#.#....", [], id="rule-4-also-if-it-began-well"),
        pytest.param("#.#.#####", [(0, 90)], id="rule-3-three-of-five-windows-begin"),
        pytest.param("#..#.######", [(30, 110)], id="rule-3-the-first-that-begins-three-of-five"),
        pytest.param("##...######", [(50, 110)], id="rule-3-two-of-five-do-not-begin"),
        pytest.param("#..#..#..#..#..#", [], id="rule-3-never-three-of-five"),
        pytest.param("######....#", [(0, 110)], id="rule-3-40-ms-do-not-end-a-stretch"),
        pytest.param("######.....#", [(0, 60)], id="rule-3-50-ms-end-a-stretch"),
        pytest.param(
            "######.....######", [(0, 60), (110, 170)], id="rule-3-a-new-stretch-needs-an-onset"
        ),
        pytest.param("######", [(0, 60)], id="the-edges-of-a-recording-are-edges"),
    ],
)
def test_stretches(pattern: str, expected: list[tuple[int, int]]) -> None:
    assert in_ms(stretches(windows(pattern), -50)) == expected


@pytest.mark.parametrize(
    ("pause_ms", "bursts"),
    [
        pytest.param(199, [(100, 699)], id="closer-than-200-ms"),
        pytest.param(200, [(100, 300), (500, 700)], id="200-ms-apart"),
    ],
)
def test_rule_4_close_stretches_are_one_burst(pause_ms: int, bursts: list[tuple[int, int]]) -> None:
    pcm = sound(silence(100), tone(200, -26), silence(pause_ms), tone(200, -26), silence(100))

    assert in_ms(clip_spans(pcm)) == bursts
    assert len(heard_speech(pcm).stretches) == 2


SHIFTS_MS = [0, 0.5, 1, 3.25, 5, 7.75, 9, 9.875]


@pytest.mark.parametrize("shift_ms", SHIFTS_MS)
@pytest.mark.parametrize(
    ("steady", "within_ms"),
    [
        pytest.param(tone(503.5, -26), 1, id="a-tone"),
        pytest.param(tone(503.5, -26, hz=150), 1, id="a-low-tone"),
        pytest.param(tone(503.5, -45), 1.25, id="a-soft-tone"),
        pytest.param(hiss(503.5, -26), 1, id="a-fricative"),
    ],
)
def test_m_1_edges_are_found_to_the_millisecond(
    steady: Pcm, within_ms: float, shift_ms: float
) -> None:
    start = round((200 + shift_ms) * MS)
    pcm = sound(silence(200 + shift_ms), steady, silence(300))

    ((found_start, found_end),) = heard_bursts(pcm)

    assert abs(found_start - start) <= within_ms * MS
    assert abs(found_end - (start + len(steady))) <= within_ms * MS


def test_m_1_how_a_voice_lies_in_the_windows_moves_19_of_20_edges_by_less_than_10_ms() -> None:
    moved: list[float] = []
    for pcm in (at_active_level(voice(name), -26) for name in VOICES):
        shifts = range(0, 80, 5)
        placed = [
            heard_bursts(sound(silence(400), np.zeros(shift, np.int16), pcm, silence(400)))
            for shift in shifts
        ]
        edges = np.array(placed) - np.array(shifts)[:, np.newaxis, np.newaxis]
        moved += np.abs(edges - np.median(edges, axis=0)).ravel().tolist()

    assert np.percentile(moved, 95) < 10 * MS


def test_m_2_a_tight_clip_needs_no_silence_around_it() -> None:
    assert in_ms(clip_spans(tone(500, -45))) == [(0, 500)]
    assert heard_bursts(tone(500, -45)) == ()


def test_a_bot_with_background_is_heard_over_it() -> None:
    pcm = sound(hiss(900, -55), tone(500, -26), hiss(900, -55))

    ((start, end),) = heard_bursts(pcm)

    assert abs(start / MS - 900) <= 1
    assert abs(end / MS - 1400) <= 1


def test_heard_speech_says_what_it_decided_by() -> None:
    speech = heard_speech(sound(silence(100), tone(100, -26), silence(105)))

    assert speech.threshold_dbov == -50
    assert speech.loud.tolist() == [False] * 10 + [True] * 10 + [False] * 11
    assert speech.bursts == speech.stretches == ((100 * MS, 200 * MS),)
