"""Nothing is run on a machine that measures wrong, and one hiccup makes none unfit."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from call.servers import Peer, serving
from e2e.harness import Silent
from pipecat_voice_test.bot.url import UrlBot
from pipecat_voice_test.bots import Bots
from pipecat_voice_test.call.heartbeat import Heartbeat
from pipecat_voice_test.control import selftest
from pipecat_voice_test.control.call import Tried
from pipecat_voice_test.control.selftest import SelfTest
from pipecat_voice_test.errors import ExitCode, RigError
from pipecat_voice_test.measurement.results import Control, RunResult, Verdict
from pipecat_voice_test.report.write import ResultsFolder
from pipecat_voice_test.run import Plan, Run
from pipecat_voice_test.scenario.load import load_paths
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.speaker import Speaker

RIGHT = Tried(Control(0.4, -1.2))
WRONG = Tried(Control(0.4, 31.0), "the control bot's stop was measured 31 ms too late, limit 20")
UNFIT = """\
This machine does not measure the control bot right, whose times are known: nothing is run here.
  Fix: end what else runs here, give the job more CPU, or take a machine that is not shared;
       `pipecat-voice-test doctor` says more.
  call 1: the control bot's stop was measured 31 ms too late, limit 20
  call 2: the control bot's stop was measured 31 ms too late, limit 20
  call 3: the control bot's stop was measured 31 ms too late, limit 20"""


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[Tried]:
    """How the control calls come out, in order."""
    to_come: list[Tried] = []

    async def call_control(heartbeat: Heartbeat) -> Tried:
        await asyncio.sleep(0)
        return to_come.pop(0)

    monkeypatch.setattr(selftest, "call_control", call_control)
    return to_come


def heart() -> Heartbeat:
    return cast(Heartbeat, SimpleNamespace(control_error_ms=None))


async def passing(heartbeat: Heartbeat) -> Control | None:
    async with SelfTest(heartbeat) as test:
        await test.pass_or_raise()
    return test.control


@pytest.mark.parametrize("calls", [[RIGHT], [WRONG, RIGHT], [WRONG, WRONG, RIGHT]])
def test_a_machine_gets_three_chances(tried: list[Tried], calls: list[Tried]) -> None:
    """The first call is made while the bot starts, which may take all the CPU there is."""
    tried += calls
    heartbeat = heart()

    assert asyncio.run(passing(heartbeat)) == RIGHT.control
    assert heartbeat.control_error_ms == 1.2
    assert tried == []


def test_a_machine_that_is_wrong_three_times_is_unfit(tried: list[Tried]) -> None:
    """METRICS 7: nothing else is run."""
    tried += [WRONG, WRONG, WRONG, RIGHT]
    with pytest.raises(RigError) as raised:
        asyncio.run(passing(heart()))

    assert str(raised.value) == UNFIT
    assert raised.value.exit_code is ExitCode.INCONCLUSIVE
    assert tried == [RIGHT]


def test_it_can_be_left_out(tried: list[Tried]) -> None:
    async def left_out() -> Control | None:
        async with SelfTest(heart(), is_wanted=False) as test:
            await test.pass_or_raise()
        return test.control

    assert asyncio.run(left_out()) is None


def test_a_bot_that_never_starts_ends_the_control_call(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []

    async def call_control(heartbeat: Heartbeat) -> Tried:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("hung up")
        return RIGHT

    async def bot_never_starts() -> None:
        async with SelfTest(heart()):
            await asyncio.sleep(0)
            raise LookupError

    monkeypatch.setattr(selftest, "call_control", call_control)
    with pytest.raises(LookupError):
        asyncio.run(bot_never_starts())

    assert ended == ["hung up"]


async def run(folder: Path, called: list[str]) -> tuple[RunResult, str, Exception | None]:
    async def bot(peer: Peer) -> None:
        await peer.read_request()
        called.append(peer.request)
        await peer.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    (folder / ".git").mkdir()
    file = folder / "scenario.yaml"
    file.write_text("name: Greeting\nturns:\n  - expect: [{event: response}]\n")
    results = ResultsFolder(folder / "results", working=folder)
    plan = Plan(tuple(load_paths([file], cwd=folder)))
    raised = None
    async with serving(bot) as url:
        bots = Bots(lambda: UrlBot(url))
        call = Run(plan, bots, results, Speaker(None, SpeechCache(None)), Silent())
        try:
            await call.hold()
        except RigError as error:
            raised = error
    return call.result(), (folder / "results" / "junit.xml").read_text(), raised


def test_nobody_is_phoned_from_an_unfit_machine(tried: list[Tried], tmp_path: Path) -> None:
    """METRICS 7, M-5: an error, not a failure; every scenario says why it was not run."""
    tried += [WRONG, WRONG, WRONG]
    called: list[str] = []
    result, junit, raised = asyncio.run(run(tmp_path, called))
    (scenario,) = result.scenarios

    assert str(raised) == UNFIT
    assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 7)
    assert result.control == WRONG.control
    assert [error.kind for error in result.errors] == ["rig"]
    assert (scenario.verdict, scenario.reason) == (Verdict.NOT_RUN, UNFIT.splitlines()[0])
    assert '<error type="rig" message="This machine does not measure the control bot' in junit
    assert "<failure" not in junit
    assert not any(request.startswith("GET /ws") for request in called)
