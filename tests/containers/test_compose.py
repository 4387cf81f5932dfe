"""A bot that needs others beside it is started with them from a Compose file, for real."""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dind
import docker
import docker_engine
import pytest
from again import in_time
from docker_engine import BASE_IMAGE
from pipecat_voice_test.bot.compose import ComposeBot
from pipecat_voice_test.bot.contained import Premises
from pipecat_voice_test.engine.cleaning.ownership import compose_project
from pipecat_voice_test.engine.compose.command import Compose
from pipecat_voice_test.engine.compose.file import ComposeFile
from pipecat_voice_test.engine.places.lodging import Lodging
from pipecat_voice_test.errors import EngineError, ImageError, VoiceTestError

from containers.runs import GREETING, Started, left_by
from containers.victims import (
    IN_CALL,
    KILLED_S,
    TIDY_S,
    Container,
    Process,
    Victim,
    gone_after_s,
    nothing_left,
    wait_for,
)

pytestmark = [pytest.mark.docker, pytest.mark.realtime, pytest.mark.side_by_side(3)]

SHOP = """
services:
  bot:
    image: {bot}
    container_name: shop-bot
    entrypoint: [sh, -c]
    command:
      - |
        cat /data/motto /run/secrets/pin
        echo token=$$TWILIO_AUTH_TOKEN price=$$PRICE
        python -c "import urllib.request as u; print(u.urlopen('{menu}').read().decode())" &&
        exec python -m pipecat_voice_test.demo.bot --host 0.0.0.0 --port 7860
    ports: ["7860:7860"]
    restart: always
    environment: {{TWILIO_AUTH_TOKEN: of-the-file}}
    volumes: ["./data:/data:ro"]
    secrets: [pin]
    depends_on:
      db: {{condition: service_healthy}}
      fill: {{condition: service_completed_successfully}}
  db:
    image: {base}
    container_name: shop-database
    command: python -m http.server --directory /store 6000
    init: true
    healthcheck:
      test: [CMD, python, -c, "import urllib.request as u; u.urlopen('http://127.0.0.1:6000/')"]
      interval: 300ms
      retries: 20
    volumes: ["store:/store"]
  fill:
    build:
      context: .
      dockerfile_inline: |
        FROM {base}
        RUN echo soup of the day > /soup
    command: cp /soup /store/menu
    volumes: ["store:/store"]
  unrelated:
    image: nosuch/image:1
volumes:
  store: {{name: pvt-test-precious}}
secrets:
  pin: {{file: ./pin}}
"""
MENU = "http://shop-database:6000/menu"
PRECIOUS = "pvt-test-precious"
HARDENED: Mapping[str, Any] = {
    "read_only": True,
    "tmpfs": {"/tmp": ""},
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "user": "12345:12345",
}
OPTIONS = ["--bot-compose", "compose.yaml", "--bot-service", "bot", "--bot-env", "PRICE=5$"]
BASE = f"image: {BASE_IMAGE}, init: true"
DONE = "service_completed_successfully"
NEVER_WELL = f"""
services:
  bot: {{{BASE}, command: sleep 600, depends_on: {{db: {{condition: service_healthy}}}}}}
  db:
    image: {BASE_IMAGE}
    init: true
    command: sleep 600
    healthcheck: {{test: [CMD, "false"], interval: 1s, retries: 600}}
"""

Make = Callable[[Path], Path]


@pytest.fixture(scope="module")
def compose(engine: None) -> Compose:
    """The Compose command of this machine; the test is skipped where there is none."""
    try:
        return Compose.find()
    except VoiceTestError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def client(engine: None) -> Iterator[Any]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="module")
def shop_in(compose: Compose, runner_image: str) -> Make:
    """Makes a folder that of a bot with a database, which is filled before the bot starts."""

    def lay_out(folder: Path) -> Path:
        text = SHOP.format(bot=runner_image, base=BASE_IMAGE, menu=MENU)
        (folder / "compose.yaml").write_text(text)
        (folder / "data").mkdir()
        (folder / "data" / "motto").write_text("always fresh\n")
        (folder / "pin").write_text("4711\n")
        return folder

    return lay_out


@pytest.fixture(scope="module")
def precious(client: Any) -> Iterator[Any]:
    """A developer's own volume, whose name the file has."""
    volume = client.volumes.create(PRECIOUS)
    yield volume
    volume.remove()


def images_of(client: Any, run_ids: Collection[str]) -> list[str]:
    """Those that Compose has built for runs."""
    names = [name for image in client.api.images() for name in image["RepoTags"] or ()]
    return [name for name in names if name.startswith(tuple(map(compose_project, run_ids)))]


@asynccontextmanager
async def started(folder: Path, **options: Any) -> AsyncIterator[ComposeBot]:
    """The bot of the Compose file in a folder, without the command around it."""
    file = ComposeFile(folder / "compose.yaml", "bot", 7860)
    file.name = "the bot"
    premises = Premises(lambda engine: Lodging.prepare(engine, file.wanted_network()))
    bot = ComposeBot(file, premises, **{"start_timeout_s": 20.0, **options})
    try:
        async with bot:
            yield bot
    finally:
        premises.close()


def error_of(text: str, folder: Path, **options: Any) -> VoiceTestError:
    """Why the bot of a Compose file cannot be called."""
    (folder / "compose.yaml").write_text(text)

    async def start() -> None:
        async with started(folder, **options):
            pass

    with pytest.raises(VoiceTestError) as caught:
        asyncio.run(start())
    return caught.value


def test_it_is_called_and_nothing_is_left(
    shop_in: Make, client: Any, precious: Any, tmp_path: Path
) -> None:
    run = Started(shop_in(tmp_path), OPTIONS)
    run.wait_for("calling")
    run_ids = {one.run_id for one in left_by(client, run.process.pid)}
    assert images_of(client, run_ids)
    ended = run.wait()

    assert ended.exit_code in (0, 7), ended.printed
    assert ended.results["bot"]["launcher"] == "compose"
    assert ended.results["bot"]["name"] == "`bot` of compose.yaml"
    assert left_by(client, run.process.pid) == []
    assert images_of(client, run_ids) == []
    precious.reload()
    assert not precious.attrs["Labels"]


def test_it_has_what_its_file_says_and_we_add(shop_in: Make, tmp_path: Path) -> None:
    async def printed() -> str:
        async with started(shop_in(tmp_path), env={"PRICE": "5$"}) as bot:
            return bot.log_since(0)

    assert asyncio.run(printed()).splitlines()[:4] == [
        "always fresh",
        "4711",
        f"token={'0' * 32} price=5$",
        "soup of the day",
    ]


def test_each_call_may_have_services_of_its_own(shop_in: Make, client: Any, tmp_path: Path) -> None:
    run = Started(shop_in(tmp_path), [*OPTIONS, "--fresh-bot", "--repeat", "2", "--workers", "2"])
    ended = run.wait()

    assert ended.exit_code in (0, 7), ended.printed
    assert len(ended.calls) >= 2  # One that could not be judged is held again.
    assert all("soup of the day" in log.read_text() for log in ended.logs())
    assert left_by(client, run.process.pid) == []


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="as-it-is"),
        pytest.param({"network_mode": "host"}, id="on-the-hosts-network"),
        pytest.param(HARDENED, id="hardened"),
    ],
)
def test_a_runner_in_a_container_mounts_what_the_file_says(
    settings: Mapping[str, Any], shop_in: Make, client: Any, runner_image: str, tmp_path: Path
) -> None:
    shop = shop_in(tmp_path)
    group = str(Path("/var/run/docker.sock").stat().st_gid)
    settings = {**settings, "group_add": [group]}
    # The log of a call then has the bot's first lines.
    options = [*OPTIONS, "--fresh-bot"]
    victim = Container(
        client, shop, options, image=runner_image, settings=settings, scenarios=(GREETING,)
    )
    try:
        assert victim.exit_code() in (0, 7), victim.printed
        assert left_by(client, victim.runner) == []
    finally:
        victim.tidy()
    logs = list((shop / "voice-test-results").rglob("bot.log"))
    assert logs
    assert all(log.read_text().startswith("always fresh\n4711\n") for log in logs)


def test_what_is_not_mounted_into_the_runner_is_not_mounted_empty(
    shop_in: Make, client: Any, runner_image: str, tmp_path: Path
) -> None:
    shop = shop_in(tmp_path)
    socket_only = {"/var/run/docker.sock": {"bind": "/var/run/docker.sock"}}
    container = client.containers.create(
        runner_image,
        ["run", "scenarios.yaml", *OPTIONS],
        volumes=socket_only,
        working_dir="/shop",
    )
    try:
        (shop / "scenarios.yaml").write_text(GREETING)
        docker_engine.docker("cp", f"{shop}/.", f"{container.id}:/shop")
        container.start()
        code = container.wait(timeout=60)["StatusCode"]
        printed = container.logs().decode()
    finally:
        container.remove(force=True)

    assert code == 4, printed
    assert "compose.yaml mounts /shop/data into `bot`, which the container engine" in printed


def test_another_engine_has_all_of_it(
    other_engine: dind.OtherEngine, faulty_bot: str, compose: Compose, tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text(
        f"services: {{bot: {{image: {faulty_bot}, depends_on: [db]}}, db: {{image: {faulty_bot}}}}}"
    )

    ended = Started(tmp_path, OPTIONS, env={"DOCKER_HOST": other_engine.address}).wait()

    assert ended.exit_code in (0, 7), ended.printed
    assert other_engine.left() == []


@pytest.mark.parametrize(
    ("where", "how", "within_s"),
    [
        pytest.param("process", "SIGTERM", TIDY_S, id="asked-to-end"),
        pytest.param("process", "SIGKILL", KILLED_S, id="killed"),
        pytest.param("container", "SIGTERM", TIDY_S, id="asked-to-end-in-a-container"),
        pytest.param("container", "SIGKILL", KILLED_S, id="killed-in-a-container"),
    ],
)
def test_all_services_go_with_the_run(
    where: str,
    how: str,
    within_s: float,
    shop_in: Make,
    client: Any,
    runner_image: str,
    tmp_path: Path,
) -> None:
    shop = shop_in(tmp_path)
    victim = (
        Process(client, shop, OPTIONS)
        if where == "process"
        else Container(client, shop, OPTIONS, image=runner_image)
    )

    end_in_time(victim, IN_CALL, how, within_s)


@pytest.mark.parametrize(
    ("how", "within_s"),
    [
        pytest.param("SIGTERM", TIDY_S, id="asked-to-end"),
        pytest.param("SIGINT", TIDY_S, id="interrupted"),
        pytest.param("SIGKILL", KILLED_S, id="killed"),
    ],
)
def test_nothing_is_brought_up_any_more(
    how: str, within_s: float, compose: Compose, client: Any, tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text(NEVER_WELL)
    victim = Process(client, tmp_path, OPTIONS)

    end_in_time(victim, "starting db, bot", how, within_s)


def end_in_time(victim: Victim, seen: str, how: str, within_s: float) -> None:
    """Send a signal, after which nothing of the run may be left in so many seconds."""
    try:
        wait_for(victim, seen)
        run_ids = {one.run_id for one in left_by(victim.client, victim.runner)}
        since_s = time.monotonic()
        victim.send(signal.Signals[how])
        after_s = gone_after_s(victim, since_s)
        victim.exit_code()
        assert nothing_left(victim, run_ids)
        assert images_of(victim.client, run_ids) == []
        in_time(after_s, within_s, victim.printed)
    finally:
        victim.tidy()


@pytest.mark.parametrize(
    ("services", "message"),
    [
        pytest.param(
            f"""
  bot: {{{BASE}, command: sleep 600, depends_on: {{db: {{condition: service_healthy}}}}}}
  db:
    image: {BASE_IMAGE}
    init: true
    command: [sh, -c, "echo up; sleep 600"]
    healthcheck: {{test: [CMD-SHELL, "echo no luck; exit 2"], interval: 200ms, retries: 2}}
""",
            "`db`, which the bot needs, is unhealthy.\n"
            "  Fix: mend that service first: `docker compose up db` must stay up.\n"
            "  Last lines it logged:\n"
            "    up\n"
            "  Its health check ended with code 2:\n"
            "    no luck",
            id="what-it-needs-is-unhealthy",
        ),
        pytest.param(
            f"""
  bot: {{{BASE}, command: sleep 600, depends_on: [db]}}
  db: {{{BASE}, command: [sh, -c, "echo no disk; sleep 1; exit 4"]}}
""",
            "`db`, which the bot needs, exited with code 4.\n"
            "  Fix: mend that service first: `docker compose up db` must stay up.\n"
            "  Last lines it logged:\n"
            "    no disk",
            id="what-it-needs-dies-after-it-has-started",
        ),
        pytest.param(
            f"""
  bot: {{{BASE}, command: sleep 600, depends_on: {{a: {{condition: {DONE}}}}}}}
  a: {{{BASE}, command: [sh, -c, "exit 5"]}}
""",
            "`a`, which the bot needs, exited with code 5.\n"
            "  Fix: mend that service first: `docker compose up a` must stay up.\n"
            "  It logged nothing.",
            id="what-comes-before-it-fails",
        ),
        pytest.param(
            f"""
  bot: {{{BASE}, restart: always, command: [sh, -c, "echo no key; exit 3"]}}
""",
            "the bot exited with code 3 before it listened.\n"
            "  Fix: run `docker compose -f compose.yaml up` and mend what it complains about;\n"
            "       pass what it misses with `--bot-env KEY=VALUE`.\n"
            "  Last lines it logged:\n"
            "    no key",
            id="it-dies-at-once",
        ),
    ],
)
def test_what_goes_wrong_has_a_name(
    services: str, message: str, compose: Compose, tmp_path: Path
) -> None:
    error = error_of(f"services:{services}", tmp_path)

    assert str(error).replace(f"{tmp_path}/", "") == message


@pytest.mark.parametrize(
    ("condition", "trouble"),
    [
        pytest.param("service_healthy", "did not become healthy", id="to-be-healthy"),
        pytest.param(DONE, "did not complete", id="to-complete"),
    ],
)
def test_nobody_is_waited_for_without_end(
    condition: str, trouble: str, compose: Compose, tmp_path: Path
) -> None:
    text = NEVER_WELL.replace("service_healthy", condition)

    error = error_of(text, tmp_path, start_timeout_s=3.0)

    assert error.what == f"`db`, which the bot needs, {trouble} within 3000 ms."
    assert error.fix == "raise `--start-timeout`, or mend that service or its health check."


def test_a_port_that_somebody_has(compose: Compose, tmp_path: Path) -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        error = error_of(
            f"""
services:
  bot: {{{BASE}, command: sleep 600, depends_on: [db]}}
  db: {{{BASE}, command: sleep 600, ports: ["{port}:5432"]}}
""",
            tmp_path,
        )

    assert isinstance(error, EngineError)
    assert error.what == f"Compose could not start the services of {tmp_path}/compose.yaml."
    assert error.fix == (
        "another program or run has that port of the engine's machine. Services reach each other\n"
        "without `ports:`; take it out, or let the engine choose: `- 5432`, not `- 5432:5432`."
    )
    assert str(port) in error.evidence


def test_an_image_that_cannot_be_built(compose: Compose, tmp_path: Path) -> None:
    error = error_of(
        f"""
services:
  bot:
    build:
      dockerfile_inline: |
        FROM {BASE_IMAGE}
        RUN echo compiling && exit 9
""",
        tmp_path,
    )

    assert isinstance(error, ImageError)
    assert error.what == f"{tmp_path}/compose.yaml: the image of `bot` could not be built."
    assert "compiling" in error.evidence


def test_an_image_that_is_not_there(compose: Compose, tmp_path: Path) -> None:
    error = error_of('services: {bot: {image: "127.0.0.1:9/no/bot:1"}}', tmp_path)

    assert isinstance(error, ImageError)
    assert error.what.startswith("the image 127.0.0.1:9/no/bot:1 cannot be used: ")


@pytest.mark.parametrize(
    ("network", "host"),
    [
        pytest.param("networks: [inner]", None, id="one-that-leads-nowhere-else"),
        pytest.param("network_mode: host", "127.0.0.1", id="the-machines-own"),
    ],
)
def test_a_network_of_its_own_choice(
    network: str, host: str | None, compose: Compose, runner_image: str, tmp_path: Path
) -> None:
    with socket.create_server(("", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "compose.yaml").write_text(
        f"""
services:
  bot:
    image: {runner_image}
    entrypoint: python -m pipecat_voice_test.demo.bot --host 0.0.0.0 --port {port}
    {network}
networks:
  inner: {{internal: true}}
"""
    )

    async def url() -> str:
        async with started(tmp_path, port=port) as bot:
            return bot.url

    found = asyncio.run(url())

    assert host is None or found.startswith(f"ws://{host}:{port}/")
