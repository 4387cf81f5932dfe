"""What was said once need not be said again; whatever happens to the cache, speech goes on."""

from pathlib import Path

import numpy as np
import pytest
from audio.sounds import tone
from pipecat_voice_test.voice.cache import SpeechCache, default_cache_folder
from pipecat_voice_test.voice.engines import Spoken

ENGINE, TEXT = "flite 2.2 rms", "Only Saturday, please."
SPOKEN = Spoken(tone(100, -26), 16_000)


def only_entry(folder: Path) -> Path:
    (entry,) = (path for path in folder.rglob("*") if path.is_file())
    return entry


def test_what_is_kept_is_found_as_it_was(tmp_path: Path) -> None:
    SpeechCache(tmp_path / "new").keep(ENGINE, TEXT, SPOKEN)

    found = SpeechCache(tmp_path / "new").find(ENGINE, TEXT)

    assert found is not None
    assert np.array_equal(found.pcm, SPOKEN.pcm)
    assert found.rate_hz == 16_000


@pytest.mark.parametrize(
    ("engine_id", "text"),
    [
        pytest.param("flite 2.3 rms", TEXT, id="another-version"),
        pytest.param("flite 2.2 slt", TEXT, id="another-voice"),
        pytest.param(ENGINE, "Only Saturday please.", id="another-text"),
        pytest.param("flite 2.2", f"rms {TEXT}", id="the-same-letters"),
    ],
)
def test_something_else_is_not_found(engine_id: str, text: str, tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path)
    cache.keep(ENGINE, TEXT, SPOKEN)

    assert cache.find(engine_id, text) is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[:-100], id="cut-short"),
        pytest.param(lambda data: b"\0" * len(data), id="zeroed"),
    ],
)
def test_a_damaged_entry_is_as_good_as_none_and_is_replaced(damage, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]  # Lambdas of a table.
    cache = SpeechCache(tmp_path)
    cache.keep(ENGINE, TEXT, SPOKEN)
    entry = only_entry(tmp_path)
    entry.write_bytes(damage(entry.read_bytes()))

    assert cache.find(ENGINE, TEXT) is None

    cache.keep(ENGINE, TEXT, SPOKEN)
    assert cache.find(ENGINE, TEXT) is not None


def test_an_entry_appears_as_a_whole(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path)
    cache.keep(ENGINE, TEXT, SPOKEN)
    cache.keep(ENGINE, TEXT, SPOKEN)

    assert only_entry(tmp_path).suffix == ".wav"


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    cache = SpeechCache(in_the_way)

    cache.keep(ENGINE, TEXT, SPOKEN)

    assert cache.find(ENGINE, TEXT) is None


def test_no_folder_keeps_nothing() -> None:
    cache = SpeechCache(None)

    cache.keep(ENGINE, TEXT, SPOKEN)

    assert cache.find(ENGINE, TEXT) is None


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        pytest.param({"PVT_CACHE_DIR": "/c", "XDG_CACHE_HOME": "/x"}, "/c", id="ours-first"),
        pytest.param({"XDG_CACHE_HOME": "/x"}, "/x/pipecat-voice-test", id="then-the-users"),
        pytest.param(
            {"PVT_CACHE_DIR": "", "XDG_CACHE_HOME": ""},
            str(Path.home() / ".cache/pipecat-voice-test"),
            id="then-the-usual-one",
        ),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], folder: str) -> None:
    assert default_cache_folder(environ) == Path(folder)
