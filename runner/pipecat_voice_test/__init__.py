"""Phones a Pipecat bot in real time and measures what the caller would have heard.

    from pipecat_voice_test import call_bot
    result = await call_bot("tests/voice/greeting.yaml", "ws://127.0.0.1:7860/ws")
    assert result.passed, result.story

What is named here is loaded when it is first used, so that the command starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipecat_voice_test.library.calling import call_bot as call_bot
    from pipecat_voice_test.library.result import HeldCall as HeldCall
    from pipecat_voice_test.library.result import assert_passed as assert_passed
    from pipecat_voice_test.library.scenarios import load_scenarios as load_scenarios
    from pipecat_voice_test.measurement.results import CallResult as CallResult
    from pipecat_voice_test.measurement.results import Verdict as Verdict
    from pipecat_voice_test.scenario.model import Scenario as Scenario

__version__ = "0.1.0"

_LIES_IN = {
    "CallResult": "measurement.results",
    "HeldCall": "library.result",
    "Scenario": "scenario.model",
    "Verdict": "measurement.results",
    "assert_passed": "library.result",
    "call_bot": "library.calling",
    "load_scenarios": "library.scenarios",
}
__all__ = ["__version__", *_LIES_IN]


def __getattr__(name: str) -> Any:
    if name not in _LIES_IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LIES_IN[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LIES_IN})
