"""The pytest fixture `voice_call`; nothing else of it is loaded until a test asks for it."""

import os
import re
import sys
from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pipecat_voice_test.library.result import HeldCall
    from pipecat_voice_test.library.scenarios import ScenarioSource

OUTPUT_VARIABLE = "PVT_OUTPUT_DIR"


@pytest.fixture
def voice_call(request: pytest.FixtureRequest, tmp_path: Path) -> "VoiceCall":
    """Give a function that calls a bot and tells how it did.

        result = voice_call("tests/voice/greeting.yaml", "ws://127.0.0.1:7860/ws")
        assert result.passed, result.story

    In an `async def` test it is awaited. What is played and how is said as to `call_bot`.

    Recordings and reports lie in a folder of the test, below `tmp_path`, or, so that CI can keep
    them, in one of its own below `PVT_OUTPUT_DIR` if that is set. In JUnit they are properties of
    the test, and attachments for Jenkins and GitLab if pytest is told `-o junit_logging=all`.
    """
    folder = tmp_path / "voice_call"
    if named := os.environ.get(OUTPUT_VARIABLE):
        folder = Path(named) / re.sub(r"[^A-Za-z0-9._]+", "-", request.node.nodeid).strip("-")
    # What `record_property` does, which warns of a family of JUnit that has no properties.
    return VoiceCall(folder, request.path.parent, request.node.user_properties.append)


class VoiceCall:
    """What `voice_call` is.

    Args:
        folder: Where results are written.
        beside: Where scenario files are looked for that the working directory does not have.
        add_property: Puts a name and a value into JUnit.
    """

    def __init__(
        self, folder: Path, beside: Path, add_property: Callable[[tuple[str, object]], None]
    ) -> None:
        self.folder = folder
        self._beside = beside
        self._add_property = add_property
        self._attached: set[Path] = set()

    # The type depends on where it is called: a result, or in a coroutine something to await.
    def __call__(self, scenario: "ScenarioSource", url: str, **options: Any) -> Any:
        """Call a bot and give the result; skips the test if a phone line cannot play the scenario.

        Raises as `call_bot` does.
        """
        import asyncio

        held = self._call(scenario, url, **options)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            from pipecat_voice_test.call.loop import punctual_loop

            with asyncio.Runner(loop_factory=partial(punctual_loop, 1)) as runner:
                return runner.run(held)
        return held

    async def _call(self, scenario: "ScenarioSource", url: str, **options: Any) -> "HeldCall":
        from pipecat_voice_test.library.calling import call_bot
        from pipecat_voice_test.measurement.results import Verdict

        options.setdefault("output_dir", self.folder)
        try:
            result = await call_bot(self._found(scenario), url, **options)
        finally:
            self._attach(Path(options["output_dir"]))
        if result.verdict is Verdict.SKIPPED:
            pytest.skip(result.error)
        return result

    def _found(self, scenario: "ScenarioSource") -> "ScenarioSource":
        if isinstance(scenario, str | PathLike) and "\n" not in str(scenario):
            beside = self._beside / scenario
            if not Path(scenario).exists() and beside.exists():
                return beside
        return scenario

    def _attach(self, folder: Path) -> None:
        for recording in sorted(folder.glob("*/call-*/call.wav")):
            if recording in self._attached:
                continue
            self._attached.add(recording)
            shown = _from_here(recording)
            self._add_property(("recording", shown))
            # Captured by pytest, and as system-out it is a link in Jenkins and GitLab.
            sys.stdout.write(f"[[ATTACHMENT|{shown}]]\n")


def _from_here(path: Path) -> str:
    """As seen from the working directory, as CI systems want it."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()
