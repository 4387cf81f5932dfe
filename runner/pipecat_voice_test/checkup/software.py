"""What is installed: Python, packages, and who speaks the caller's words."""

import importlib
import importlib.metadata
import platform
import time
from collections.abc import Iterator, Sequence

import numpy as np

from pipecat_voice_test import __version__
from pipecat_voice_test.checkup.finding import Finding, Mark, ok
from pipecat_voice_test.errors import ExitCode, SpeechError
from pipecat_voice_test.voice.engines import SpeechEngine, find_engine

# Distribution and module of what every call needs; some bring a library of their own along.
PACKAGES = (("websockets", "websockets"), ("numpy", "numpy"), ("soundfile", "soundfile"),
            ("soxr", "soxr"), ("PyYAML", "yaml"))  # fmt: skip
# What only a bot in a container needs.
CONTAINER_PACKAGES = (("docker", "docker"),)
SAMPLE = "Hello, can you hear me?"
_SHORTEST_S = 0.3


def python() -> Iterator[Finding]:
    yield ok(
        "Python",
        f"{platform.python_version()} on {platform.system()} {platform.machine()},"
        f" pipecat-voice-test {__version__}",
    )


def packages(
    needed: Sequence[tuple[str, str]] = PACKAGES,
    container_only: Sequence[tuple[str, str]] = CONTAINER_PACKAGES,
) -> Iterator[Finding]:
    """Each is really loaded: one without its library is installed and of no use."""
    good = []
    for name, module in (*needed, *container_only):
        try:
            importlib.import_module(module)
            good.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            good.append(name)
        except Exception as error:  # A library may fail in any way while it is loaded.
            yield Finding(
                Mark.MISS,
                "packages",
                f"{name} cannot be loaded",
                "install pipecat-voice-test again: `pip install --force-reinstall"
                " 'pipecat-voice-test[speech]'`.",
                f"{type(error).__name__}: {error}",
                ExitCode.USAGE if (name, module) in needed else None,
            )
    if good:
        yield ok("packages", ", ".join(good))


def speech(engine: SpeechEngine | None = None) -> Iterator[Finding]:
    """Have something said, and listen whether anything was."""
    engine = engine or find_engine()
    if engine is None:
        yield Finding(
            Mark.MISS,
            "speech",
            "nobody here can speak the caller's texts",
            "pip install 'pipecat-voice-test[speech]',\n"
            "or on Debian and Ubuntu: apt-get install flite;\n"
            "scenarios that have recordings only (`audio:`) do without.",
            code=ExitCode.USAGE,
        )
        return
    began_s = time.monotonic()
    try:
        (spoken,) = engine.speak([SAMPLE])
    except SpeechError as error:
        yield Finding(Mark.MISS, "speech", error.what, error.fix, error.evidence, ExitCode.USAGE)
        return
    took_s, length_s = time.monotonic() - began_s, len(spoken.pcm) / spoken.rate_hz
    if length_s < _SHORTEST_S or not np.any(spoken.pcm):
        yield Finding(
            Mark.MISS,
            "speech",
            f'{engine.id} said "{SAMPLE}" and nothing was to be heard',
            "install it again, or another one: apt-get install flite.",
            code=ExitCode.USAGE,
        )
        return
    yield ok("speech", f'{engine.id} said "{SAMPLE}" ({length_s:.1f} s of sound in {took_s:.1f} s)')
