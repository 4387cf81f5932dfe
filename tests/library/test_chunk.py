"""Audio as programs hand it over: DESIGN 9, "signed 16-bit mono PCM at 24 kHz"."""

import pytest
from pipecat_voice_test.adapters import AudioChunk, silent_chunk


@pytest.mark.parametrize(
    ("samples", "duration_s"),
    [
        pytest.param(0, 0.0, id="nothing-takes-no-time"),
        pytest.param(1, 1 / 24_000, id="one-sample"),
        pytest.param(24_000, 1.0, id="a-second-has-24000"),
        pytest.param(240_000, 10.0, id="ten-seconds"),
    ],
)
def test_a_chunk_lasts_as_long_as_its_samples(samples: int, duration_s: float) -> None:
    chunk = AudioChunk(bytes(2 * samples))

    assert chunk.duration_seconds == pytest.approx(duration_s)
    assert (chunk.sample_rate, chunk.channels) == (24_000, 1)


@pytest.mark.parametrize("length", [1, 3, 479])
def test_half_a_sample_is_an_error(length: int) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole message is compared.
        AudioChunk(bytes(length))

    assert str(raised.value) == (
        f"a chunk of {length} bytes ends in the middle of a 16-bit sample: "
        "give an even number of bytes, whole samples of signed 16-bit mono PCM"
    )


def test_a_chunk_keeps_the_bytes_as_they_were() -> None:
    data = bytearray(b"\x01\x02")
    chunk = AudioChunk(data)  # type: ignore[arg-type]  # What audio libraries give.
    data[0] = 9

    assert chunk.data == b"\x01\x02"
    assert (chunk.transcript, chunk.start_time, chunk.end_time) == (None, None, None)


@pytest.mark.parametrize(
    ("duration_s", "samples"), [(0, 0), (0.02, 480), (1.5, 36_000), (0.0201, 482), (1 / 3, 8000)]
)
def test_silence_has_the_length_asked_for(duration_s: float, samples: int) -> None:
    assert silent_chunk(duration_s).data == bytes(2 * samples)


def test_silence_of_less_than_no_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="a chunk cannot last -1 s"):
        silent_chunk(-1)
