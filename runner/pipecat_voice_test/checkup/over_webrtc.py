"""Whether a bot can be called over WebRTC from here."""

import importlib
import importlib.metadata
from collections.abc import Iterator

from pipecat_voice_test.checkup.finding import Finding, Mark, ok
from pipecat_voice_test.errors import ExitCode

TOPIC = "webrtc"
_MODULE = "pipecat_voice_test.call.webrtc.dial"


def webrtc(*, asked: bool) -> Iterator[Finding]:
    """Load what it needs, and see that there is an address to be called back at.

    Args:
        asked: Whether a run would call over WebRTC; if not, nothing here is missed.
    """
    try:
        dial = importlib.import_module(_MODULE)
        name = f"aiortc {importlib.metadata.version('aiortc')}"
    except ImportError as error:
        if not asked:
            yield ok(TOPIC, "not installed; only `--bot-transport webrtc` needs it")
            return
        fix = "pip install 'pipecat-voice-test[webrtc]'."
        yield _miss("aiortc cannot be loaded", fix, str(error), asked=asked)
        return
    addresses = dial.own_addresses()
    if addresses:
        yield ok(TOPIC, f"{name}, to be reached at {', '.join(addresses)}")
        return
    fix = "give this machine a network, even one that leads nowhere."
    yield _miss(f"{name}, but no address besides loopback", fix, "", asked=asked)


def _miss(text: str, fix: str, evidence: str, *, asked: bool) -> Finding:
    mark, code = (Mark.MISS, ExitCode.USAGE) if asked else (Mark.NOTE, None)
    return Finding(mark, TOPIC, text, fix, evidence, code)
