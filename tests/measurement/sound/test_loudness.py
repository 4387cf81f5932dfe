"""How loud the bot is, and how much of it waits; METRICS 3.5 `level`, `clipping`, `burst_ahead`."""

import numpy as np
import pytest
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.measurement.channels import Hearing, Span
from pipecat_voice_test.measurement.sound.loudness import HIGHEST, LOWEST, loudness
from pipecat_voice_test.scenario.model import TurnKind

from measurement.calls import Call, answer, failed, hiss, limits, scenario, silence, tone, turn

MESSAGES_MS = [20.0, 40.0, 137.5, 200.0, 10_000.0]


def heard(pcm: Pcm, message_ms: float = 20.0, **fields: object) -> Call:
    call = Call(scenario(turn(TurnKind.LISTEN, answer()), **fields)).caller_listens(0)
    call.bot_plays(500, pcm, message_ms=message_ms)
    return call.caller_hangs_up(500 + len(pcm) / 8 + 1500)


def clipped(share: float, ms: float = 4000.0) -> Pcm:
    """A tone of which this share of the samples lies at the ends of the scale."""
    pcm = tone(ms, -20)
    where = np.linspace(0, len(pcm) - 1, round(share * len(pcm))).astype(int)
    pcm[where[::2]], pcm[where[1::2]] = 32_767, -32_768
    return pcm


@pytest.mark.parametrize("message_ms", MESSAGES_MS)
@pytest.mark.parametrize("dbov", [-12, -23, -45])
def test_level_is_that_of_the_voice_whatever_the_silence_around_it(
    dbov: float, message_ms: float
) -> None:
    pcm = np.concatenate([tone(1000, dbov), silence(1500), tone(700, dbov)])

    assert heard(pcm, message_ms).value("level") == pytest.approx(dbov, abs=0.2)


def test_level_leaves_out_what_is_not_loud() -> None:
    pcm = np.concatenate([hiss(3000, -60), tone(1000), hiss(3000, -60)])

    assert heard(pcm).value("level") == pytest.approx(-23, abs=0.2)


@pytest.mark.parametrize(
    ("dbov", "notes"),
    [
        (-23.0, ()),
        (
            -40.0,
            (
                "level was -40, usual is -36 to -12 Fix: set the gain of the voice so that its "
                "speech lies near -26 dBov.",
            ),
        ),
    ],
)
def test_an_unusual_level_is_a_note_and_fails_nothing(dbov: float, notes: tuple[str, ...]) -> None:
    result = heard(tone(1000, dbov)).judged

    assert result.notes == notes
    assert failed(result) == []


@pytest.mark.parametrize("share", [0, 0.0005, 0.01, 0.5])
def test_clipping_is_the_share_of_samples_at_the_two_extreme_codes(share: float) -> None:
    pcm = np.concatenate([clipped(share), silence(3000)])

    assert heard(pcm).value("clipping") == pytest.approx(share, rel=0.02)


def test_clipping_points_at_the_first_sample_of_it() -> None:
    own = limits(clipping={"each": 0.001})
    call = heard(np.concatenate([tone(1000), clipped(0.1, 1000)]), limits=own)
    (found,) = (check for check in call.judged.checks if check.metric == "clipping")

    assert found.verdict == "failed"
    assert found.at_ms == pytest.approx(1500, abs=1)


def test_the_ends_of_the_scale_are_those_of_the_coding() -> None:
    assert (LOWEST, HIGHEST) == (-32_124, 32_124)


def test_a_bot_that_never_spoke_has_no_level() -> None:
    assert loudness(silence(3000), Hearing()) is None
    assert loudness(np.zeros(0, np.int16), Hearing()) is None


def test_music_under_the_voice_is_not_its_level() -> None:
    """Where the neural detector says what is speech, only that is measured."""
    music = hiss(4000, -30)
    pcm = np.concatenate([silence(3000), music, tone(1000), silence(500)])
    level_only = loudness(pcm, Hearing())
    spoken = loudness(pcm, Hearing(stretches=(Span(7000, 8000),), detector="model"))

    assert level_only is not None
    assert spoken is not None
    assert level_only.level_dbov < -26
    assert spoken.level_dbov == pytest.approx(-23, abs=0.2)


# --- burst_ahead ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message_ms", "ahead_ms", "most_ms"),
    [
        (20, 0, 20),
        (137.5, 0, 137.5),
        (20, 90, 100),
        (20, float("inf"), 3000),
        (10_000, 0, 3000),
    ],
)
def test_burst_ahead_is_the_most_that_ever_waited(
    message_ms: float, ahead_ms: float, most_ms: float
) -> None:
    call = Call(scenario(turn(TurnKind.LISTEN))).caller_listens(0)
    call.bot_plays(500, tone(3000), message_ms=message_ms, ahead_ms=ahead_ms)

    assert call.caller_hangs_up(5000).value("burst_ahead_ms") == pytest.approx(most_ms, abs=20)


def test_burst_ahead_counts_what_a_clear_threw_away() -> None:
    call = Call(scenario(turn(TurnKind.LISTEN))).caller_listens(0)
    call.bot_says(500, 3000, ahead_ms=float("inf")).bot_clears(600).bot_says(1000, 500)

    assert call.caller_hangs_up(5000).value("burst_ahead_ms") == pytest.approx(3000, abs=1)
