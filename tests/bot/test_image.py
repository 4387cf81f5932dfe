"""A bot started from its image: each way it can fail to come up, and that it is always removed."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker_engine import BASE_IMAGE, docker
from engine import sites
from engine.registry import registry
from engine.wire import Wire
from pipecat_voice_test.bot.aside import THREAD
from pipecat_voice_test.bot.contained import Premises
from pipecat_voice_test.bot.image import BotImage, ImageBot
from pipecat_voice_test.call_api.api import CallApi
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.container import ContainerSpec
from pipecat_voice_test.engine.places.lodging import Lodging
from pipecat_voice_test.engine.places.way_back import WayBack
from pipecat_voice_test.errors import EngineError, ImageError, VoiceTestError
from pipecat_voice_test.protocol.requests.call_api import Credentials
from pipecat_voice_test.protocol.requests.twilio_api import TwilioApi

IDLE = "import time; time.sleep(600)"
HTTP = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(404)
    def log_message(self, *parts): pass
server = http.server.HTTPServer(("{host}", {port}), Handler)
print("up", flush=True)
server.serve_forever()
"""
MARK = "io.pipecat-voice-test.tests"


def http_bot(host: str = "0.0.0.0", port: int = 7860) -> str:
    return HTTP.format(host=host, port=port)


@pytest.fixture
def mark() -> Iterator[str]:
    """A label's value; whatever carries it is removed in the end."""
    mark = sites.name()
    yield mark
    if containers := left(mark).split():
        docker("rm", "--force", *containers)


@pytest.fixture
def premises(engine: None) -> Iterator[Premises]:
    premises = Premises()
    yield premises
    premises.close()
    premises.engine().close()


Make = Callable[..., ImageBot]


@pytest.fixture
def make(premises: Premises, mark: str) -> Make:
    """Prepares a bot that will run `python -c code`."""

    def make(code: str, *, lodged: Premises = premises, **wishes: Any) -> ImageBot:
        own = {name: wishes.pop(name) for name in ("memory_bytes", "env") if name in wishes}
        arguments = ("python", "-uc", code)
        spec = ContainerSpec(BASE_IMAGE, 7860, args=arguments, labels={MARK: mark}, **own)
        return ImageBot(spec, lodged, **wishes)

    return make


def left(mark: str) -> str:
    return docker("ps", "-aq", "--filter", f"label={MARK}={mark}")


def start_and_stop(bot: ImageBot) -> None:
    async def run() -> None:
        async with bot:
            pass

    asyncio.run(run())


def failure_of(bot: ImageBot) -> VoiceTestError:
    with pytest.raises(VoiceTestError) as caught:
        start_and_stop(bot)
    return caught.value


async def until(condition: Callable[[], object], within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - threads and other processes do it
            await asyncio.sleep(0.01)


@pytest.mark.docker
def test_a_bot_that_answers_is_ready_and_its_address_known(make: Make, mark: str) -> None:
    told: list[str] = []

    async def run() -> tuple[str | None, str, str]:
        bot = make(http_bot(), path="media")
        bot.tell = told.append
        async with bot:
            await until(lambda: "up" in bot.log_since(0))
            env = docker("inspect", left(mark), "--format", "{{.Config.Env}}")
            assert bot.ready_ms > 0
            return bot.exited(), bot.url, env

    exited, url, env = asyncio.run(run())

    assert exited is None
    assert url.startswith("ws://127.0.0.1:")
    assert url.endswith("/media")
    assert told == [f"starting {BASE_IMAGE}"]
    assert f"TWILIO_ACCOUNT_SID=AC{'0' * 32} TWILIO_AUTH_TOKEN={'0' * 32}" in env
    assert "PYTHONUNBUFFERED=1" in env
    assert left(mark) == ""


ASKS = """
import os, urllib.error, urllib.request
try:
    urllib.request.urlopen(os.environ["PVT_CALL_API_URL"], timeout=5)
except urllib.error.HTTPError as error:
    print("answered", error.code, flush=True)
"""


@pytest.mark.docker
def test_a_bot_in_a_container_reaches_the_call_api_it_is_told_of(make: Make, engine: None) -> None:
    """PROTOCOL 6, CONTAINERS: from the engine's own network to this machine."""
    api = CallApi(TwilioApi(Credentials("AC1", "secret")))
    lodged = Premises(listen=api.listen, must_hear=True)

    async def run() -> str:
        async with api.opened(), make(ASKS + http_bot(), lodged=lodged) as bot:
            return bot.log_since(0)

    try:
        assert "answered 404" in asyncio.run(run())
    finally:
        lodged.close()
        lodged.engine().close()


class Secluded(Premises):
    """Where bots do not reach us, or only at an address that is not ours."""

    def __init__(self, way: WayBack | None = None, **wishes: Any) -> None:
        super().__init__(**wishes)
        self._way = way

    def lodging(self) -> Any:
        return SimpleNamespace(way_back=lambda: self._way)


@pytest.mark.parametrize(
    ("way", "why"),
    [
        (None, "no address of this runner is known in the bot's network"),
        (WayBack("192.0.2.1", "x"), "[Errno 99] Cannot assign requested address"),
    ],
)
def test_that_bots_do_not_reach_us_is_said_once_and_nothing_is_promised(
    way: WayBack | None, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    api = CallApi(TwilioApi(Credentials("AC1", "secret")))
    premises = Secluded(way, listen=api.listen)

    assert [premises.told(), premises.told()] == [{}, {}]
    assert [record.message for record in caplog.records] == [
        f"the call API is not played, for the bot could not reach it: {why}"
    ]


def test_that_bots_do_not_reach_us_is_an_error_where_they_must() -> None:
    api = CallApi(TwilioApi(Credentials("AC1", "secret")))
    with pytest.raises(EngineError) as refused:
        Secluded(listen=api.listen, must_hear=True).told()

    assert str(refused.value) == (
        "bots in containers cannot reach the call API from there: no address of this runner is "
        "known in the bot's network.\n"
        "  Fix: leave out `--call-api on`, or run this on the engine's own machine."
    )


def test_bots_are_told_of_no_call_api_that_is_not_played() -> None:
    assert Secluded(WayBack("127.0.0.1", "127.0.0.1")).told() == {}


@pytest.mark.docker
def test_an_account_that_is_given_is_the_bots(make: Make, mark: str) -> None:
    async def run() -> str:
        async with make(http_bot(), env={"TWILIO_AUTH_TOKEN": "mine"}):
            return docker("inspect", left(mark), "--format", "{{.Config.Env}}")

    assert "TWILIO_AUTH_TOKEN=mine " in asyncio.run(run())


@pytest.mark.docker
@pytest.mark.parametrize(
    ("code", "what"),
    [
        pytest.param(
            http_bot(host="127.0.0.1"),
            " It listens on 127.0.0.1:7860 inside its container, where nobody else can reach it.",
            id="to-itself",
        ),
        pytest.param(
            http_bot(port=8000),
            " It listens on 0.0.0.0:8000 inside its container.",
            id="elsewhere",
        ),
        pytest.param(IDLE, " Nothing listens inside its container.", id="nowhere"),
    ],
)
def test_a_bot_that_listens(code: str, what: str, make: Make, mark: str) -> None:
    error = failure_of(make(code, start_timeout_s=2.0))

    assert error.kind == "bot_not_ready"
    assert error.what == f"{BASE_IMAGE} did not listen on port 7860 within 2000 ms.{what}"
    assert left(mark) == ""


@pytest.mark.docker
@pytest.mark.parametrize(
    ("code", "wishes", "message"),
    [
        pytest.param(
            "print('no key'); raise SystemExit(3)",
            {},
            f"{BASE_IMAGE} exited with code 3 before it listened.\n"
            f"  Fix: run `docker run --rm {BASE_IMAGE}` and mend what it complains about;\n"
            "       pass what it misses with `--bot-env KEY=VALUE`.\n"
            "  Last lines it logged:\n"
            "    no key",
            id="with-a-code",
        ),
        pytest.param(
            "b'x' * 10**9",
            {"memory_bytes": 32 * 1024**2},
            f"{BASE_IMAGE} was killed for using more than its memory limit of 32 MiB (exit code"
            " 137, OOM killed) before it listened.\n"
            "  Fix: give it more with `--bot-memory`, or have it load less.\n"
            "  It logged nothing.",
            id="of-hunger",
        ),
    ],
)
def test_a_bot_that_ends_is_not_waited_for(
    code: str, wishes: dict[str, Any], message: str, make: Make, mark: str
) -> None:
    began = time.monotonic()

    error = failure_of(make(code, start_timeout_s=600.0, **wishes))

    assert str(error) == message
    assert time.monotonic() - began < 300
    assert left(mark) == ""


@pytest.mark.docker
def test_a_bot_that_dies_later_is_noticed(make: Make) -> None:
    async def run() -> str | None:
        async with make(http_bot()) as bot:
            container = await asyncio.to_thread(
                docker, "ps", "-q", "--no-trunc", "--filter", f"label={MARK}"
            )
            assert bot.exited() is None
            await asyncio.to_thread(docker, "kill", *container.split())
            await until(bot.exited)
            return bot.exited()

    assert asyncio.run(run()) == "was ended by SIGKILL (exit code 137)"


@pytest.mark.docker
def test_an_engine_that_goes_away_is_noticed_and_holds_nobody_up(
    engine: None, make: Make, mark: str, tmp_path: Path
) -> None:
    with Wire(tmp_path / "engine.sock") as wire:
        lodged = Premises(environ={"DOCKER_HOST": wire.address})

        async def run() -> str | None:
            async with make(http_bot(), lodged=lodged) as bot:
                wire.cut()
                await until(bot.exited)
                return bot.exited()

        began = time.monotonic()
        assert asyncio.run(run()) == "was lost: the container engine no longer answers"
        assert time.monotonic() - began < 60
        assert left(mark) != ""  # Nobody could be asked to remove it; but the engine is ours again.
        lodged.close()
        lodged.engine().close()


@pytest.mark.docker
def test_a_bot_that_is_unhealthy_is_given_up_at_once(premises: Premises, mark: str) -> None:
    name = sites.name()
    docker(
        "commit",
        *("--change", "HEALTHCHECK --interval=1s --retries=1 CMD echo no model; exit 1"),
        container := docker("create", BASE_IMAGE),
        name,
    )
    try:
        spec = ContainerSpec(name, 7860, args=("python", "-c", IDLE), labels={MARK: mark})
        error = failure_of(ImageBot(spec, premises, start_timeout_s=600.0))
    finally:
        docker("rm", container)
        docker("image", "rm", name)

    assert error.what == f"{name} is unhealthy: its own health check failed 1 times."
    assert error.evidence.startswith("The health check's last words:\n  no model\n")
    assert left(mark) == ""


@pytest.mark.docker
def test_several_bots_live_side_by_side(make: Make, mark: str) -> None:
    async def run() -> list[str]:
        async with make(http_bot()) as one, make(http_bot()) as two:
            return [one.url, two.url]

    one, two = asyncio.run(run())

    assert one != two
    assert left(mark) == ""


@pytest.mark.docker
def test_a_folder_is_built_and_started(premises: Premises, tmp_path: Path, mark: str) -> None:
    (tmp_path / "bot.py").write_text(http_bot())
    (tmp_path / "Dockerfile").write_text(
        f'FROM {BASE_IMAGE}\nCOPY bot.py /\nCMD ["python", "/bot.py"]\n'
    )
    image = BotImage.built(tmp_path)
    bot = ImageBot(ContainerSpec("", 7860, labels={MARK: mark}), premises, image=image)

    start_and_stop(bot)

    assert (bot.launcher, bot.name) == ("build", str(tmp_path))
    docker("image", "rm", image.ready(premises.engine(), print))


@pytest.mark.docker
def test_a_start_that_is_given_up_while_it_pulls_holds_nobody_up(
    premises: Premises, mark: str
) -> None:
    with registry() as hub:
        spec = ContainerSpec(f"{hub.address}/slow/bot", 7860, labels={MARK: mark})
        bot = ImageBot(spec, premises)

        async def run() -> None:
            starting = asyncio.create_task(bot.start())
            await until(lambda: any("/blobs/" in path for path in hub.asked))
            starting.cancel()
            await bot.stop()
            with pytest.raises(asyncio.CancelledError):
                await starting

        began = time.monotonic()
        asyncio.run(run())

        assert time.monotonic() - began < hub.SLOW_S
        hub.hurry.set()
        for thread in threading.enumerate():
            if thread.name == THREAD:
                thread.join(30)
        docker("image", "rm", spec.image, check=False)
    assert left(mark) == ""


@pytest.mark.docker
@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
def test_a_start_that_is_given_up_leaves_nothing(after_s: float, make: Make, mark: str) -> None:
    async def run() -> None:
        bot = make(http_bot())
        starting = asyncio.create_task(bot.start())
        await asyncio.sleep(after_s)
        starting.cancel()
        await bot.stop()

    asyncio.run(run())

    assert left(mark) == ""


@pytest.mark.docker
def test_a_bot_may_be_killed_without_a_loop_and_at_any_time(make: Make, mark: str) -> None:
    never, bot = make(http_bot()), make(http_bot())

    never.kill_now()
    asyncio.run(never.stop())
    asyncio.run(bot.start())
    bot.kill_now()

    assert left(mark) == ""
    bot.kill_now()
    asyncio.run(bot.stop())


# --- what the bots of a run share, without an engine --------------------------------------------


def engine_of_nobody() -> Engine:
    return Engine(None, "unix:///nowhere", {})


def test_an_image_is_had_once_for_all() -> None:
    had: list[str] = []

    def obtain(*_: object) -> str:
        time.sleep(0.01)
        had.append("sha256:1")
        return had[-1]

    image = BotImage("image", "shop/bot", obtain)
    threads = [
        threading.Thread(target=image.ready, args=(engine_of_nobody(), print)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert had == ["sha256:1"]


def test_an_image_that_cannot_be_had_is_not_tried_again() -> None:
    tried: list[int] = []

    def obtain(*_: object) -> str:
        tried.append(1)
        raise ImageError("no", fix="yes")

    image = BotImage("image", "shop/bot", obtain)
    for _ in range(3):
        with pytest.raises(ImageError, match="no"):
            image.ready(engine_of_nobody(), print)

    assert len(tried) == 1


@pytest.mark.parametrize(
    ("folder", "name"), [("bots/shop", "bots/shop"), (".", "here"), ("..", "there")]
)
def test_a_build_is_called_after_its_folder(
    folder: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "there" / "here")

    assert BotImage.built(Path(folder)).name == name


def test_no_engine_is_an_error_of_the_start(tmp_path: Path) -> None:
    nowhere = Premises(environ={"DOCKER_HOST": f"unix://{tmp_path}/none"})
    bot = ImageBot(ContainerSpec("shop/bot", 7860), nowhere)

    error = failure_of(bot)

    assert isinstance(error, EngineError)
    assert error.what == f"no container engine answers at unix://{tmp_path}/none."
    nowhere.close()


@pytest.mark.docker
def test_premises_that_are_closed_while_they_are_made_are_tidied(engine: None) -> None:
    made: list[str] = []
    premises = Premises()

    def lodge(engine: Engine) -> Lodging:
        lodging = Lodging.prepare(engine)
        made.append(lodging.run_id)
        premises.close()
        return lodging

    premises._lodge = lodge
    premises.lodging()
    premises.engine().close()

    assert sites.left_of(made[0]) == []
