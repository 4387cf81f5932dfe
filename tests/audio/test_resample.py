"""Every chunk gives its whole duration at once, and sounds as it did."""

from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray
from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.resample import Resampler

PAIRS = [
    (8000, 8000), (8000, 16_000), (16_000, 8000), (8000, 24_000), (24_000, 8000), (48_000, 8000),
    (8000, 48_000), (24_000, 16_000), (44_100, 8000), (22_050, 8000), (11_025, 8000),
    (8000, 44_100), (47_999, 8000), (8000, 7999), (4000, 8000), (3, 7),
]  # fmt: skip


def tone(hz: float, rate_hz: int, seconds: float = 1.0, amplitude: float = 16_000) -> Pcm:
    at_s = np.arange(int(seconds * rate_hz)) / rate_hz
    return np.rint(amplitude * np.sin(2 * np.pi * hz * at_s)).astype(np.int16)


def noise(samples: int) -> Pcm:
    return np.random.default_rng(6).integers(-32768, 32768, samples).astype(np.int16)


def in_chunks(resampler: Resampler, pcm: Pcm, lengths: Iterable[int]) -> list[Pcm]:
    chunks: list[Pcm] = []
    for length in lengths:
        chunks.append(resampler(pcm[:length]))
        pcm = pcm[length:]
    return [*chunks, resampler(pcm)]


def gain_db(resampled: Pcm, rate_hz: int, sent: Pcm) -> float:
    """How much louder it is, once the filter has filled."""
    heard = resampled[rate_hz // 20 :].astype(np.float64)
    return float(
        10 * np.log10((heard @ heard / len(heard)) / np.mean(sent.astype(np.float64) ** 2))
    )


def spectrum_db(pcm: Pcm) -> NDArray[np.float64]:
    """In steps of one part of its length, the loudest being 0."""
    powers = np.abs(np.fft.rfft(pcm * np.blackman(len(pcm)))) ** 2 + 1e-9
    decibels: NDArray[np.float64] = 10 * np.log10(powers / powers.max())
    return decibels


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_of_all_that_went_in_the_same_duration_has_come_out_at_any_moment(
    from_hz: int, to_hz: int
) -> None:
    resampler = Resampler(from_hz, to_hz)
    taken = given = 0

    for length in [0, 1, 1, 2, 0, 3, 159, 160, 161, 320, 1, 4801, 7]:
        taken += length
        given += len(resampler(noise(length)))
        assert given == taken * to_hz // from_hz


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_how_audio_is_cut_into_chunks_changes_nothing(from_hz: int, to_hz: int) -> None:
    pcm = noise(3000)

    whole = Resampler(from_hz, to_hz)(pcm)
    pieces = in_chunks(Resampler(from_hz, to_hz), pcm, [1, 1, 0, 2, 5, 159, 160, 161, 1000])

    # Sums may be made in another order, and a half be rounded up instead of down.
    assert np.abs(np.concatenate(pieces).astype(int) - whole).max() <= 1


@pytest.mark.parametrize(("from_hz", "to_hz"), [(24_000, 8000), (11_025, 8000), (44_101, 8000)])
def test_a_very_long_chunk_is_no_different_from_many(from_hz: int, to_hz: int) -> None:
    pcm = noise(2_300_000 if from_hz == 44_101 else 150_000)

    whole = Resampler(from_hz, to_hz)(pcm)
    pieces = in_chunks(Resampler(from_hz, to_hz), pcm, [40_000, 50_001])

    assert len(whole) == len(pcm) * to_hz // from_hz
    assert np.abs(np.concatenate(pieces).astype(int) - whole).max() <= 1


def test_equal_rates_keep_every_sample() -> None:
    assert (Resampler(8000, 8000)(noise(1000)) == noise(1000)).all()


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS[1:13])
@pytest.mark.parametrize("hz", [100, 1000, 3000, 3400])
def test_what_a_telephone_carries_is_as_loud_as_before(from_hz: int, to_hz: int, hz: int) -> None:
    sent = tone(hz, from_hz)

    assert gain_db(Resampler(from_hz, to_hz)(sent), to_hz, sent) == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize("from_hz", [16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("hz", [4500, 4600, 5000, 6000, 7000, 7900])
def test_what_has_no_place_at_8000_hz_does_not_come_back_as_another_tone(
    from_hz: int, hz: int
) -> None:
    sent = tone(hz, from_hz)

    assert gain_db(Resampler(from_hz, 8000)(sent), 8000, sent) < -57


@pytest.mark.parametrize("to_hz", [16_000, 24_000, 48_000])
@pytest.mark.parametrize("hz", [300, 1000, 3000, 3400])
def test_a_tone_going_up_has_no_mirror_image_above(to_hz: int, hz: int) -> None:
    heard = Resampler(8000, to_hz)(tone(hz, 8000, 1.1))[to_hz // 10 :]

    levels_db = spectrum_db(heard)

    assert int(levels_db.argmax()) == hz
    levels_db[hz - 4 : hz + 5] = -np.inf
    assert levels_db.max() < -57


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS[1:13])
def test_all_frequencies_come_as_late_as_it_says(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    heard = {hz: resampler(tone(hz, from_hz)).astype(float) for hz in (200, 1000, 3000)}

    assert 0 < resampler.delay_ms <= 1.5
    for hz, pcm in heard.items():
        # One tone after the other through the same filter; whole cycles, so their phases stand.
        settled = np.arange(to_hz // 2, to_hz // 2 + to_hz // 4)
        turning = np.exp(-2j * np.pi * hz * settled / to_hz)
        phase = np.angle(1j * (pcm[settled] @ turning)) / (2 * np.pi)
        late = -phase - resampler.delay_ms / 1000 * hz
        assert late - np.rint(late) == pytest.approx(0, abs=0.002)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(24_000, 8000), (16_000, 8000), (44_100, 8000)])
def test_the_end_of_a_reply_is_held_back_by_no_more_than_the_delay(
    from_hz: int, to_hz: int
) -> None:
    heard = Resampler(from_hz, to_hz)(tone(500, from_hz, 0.02))

    last_ms = np.abs(heard[-to_hz // 500 :].astype(int))
    assert len(heard) == to_hz // 50
    assert last_ms.max() > 1000


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_silence_stays_digital_silence(from_hz: int, to_hz: int) -> None:
    assert not Resampler(from_hz, to_hz)(np.zeros(5000, np.int16)).any()


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS[1:])
def test_a_steady_level_has_no_ripple(from_hz: int, to_hz: int) -> None:
    heard = Resampler(from_hz, to_hz)(np.full(5000, 12_345, np.int16))

    assert set(heard[200:].tolist()) <= {12_344, 12_345, 12_346}


def test_the_loudest_sound_is_cut_off_not_turned_over() -> None:
    square = np.repeat(np.tile(np.array([32767, -32768], np.int16), 40), 40)

    heard = Resampler(8000, 24_000)(square)

    assert heard.max() == 32767
    assert heard.min() == -32768
    assert (np.abs(np.diff(heard.astype(int))) < 50_000).all()


def test_what_came_in_is_left_as_it_was() -> None:
    sent = noise(500)
    sent.setflags(write=False)

    Resampler(8000, 24_000)(sent)

    assert (sent == noise(500)).all()


@pytest.mark.parametrize(("from_hz", "to_hz"), [(0, 8000), (8000, 0), (-8000, 8000)])
def test_there_are_no_rates_of_nothing(from_hz: int, to_hz: int) -> None:
    with pytest.raises(ValueError, match=f"there is no way from {from_hz} to {to_hz} samples"):
        Resampler(from_hz, to_hz)
