"""A Compose file says what stands beside the bot and how the bot is started."""

import pytest
from pipecat_voice_test.setup.reading.compose import Service, read_compose
from pipecat_voice_test.setup.reading.dockerfile import StartCommand


def service_of(text: str, folder: str = "") -> Service:
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    services = read_compose(f"services:\n  bot:\n{indented}", folder)
    assert services is not None
    return services[0]


@pytest.mark.parametrize(
    ("text", "folder", "context", "dockerfile"),
    [
        pytest.param("build: .", "", "", "Dockerfile", id="here"),
        pytest.param("build: ./bot", "deploy", "deploy/bot", "deploy/bot/Dockerfile", id="below"),
        pytest.param("build: ..", "deploy", "", "Dockerfile", id="above"),
        pytest.param(
            "build: {context: .., dockerfile: docker/Bot}", "deploy", "", "docker/Bot", id="both"
        ),
        pytest.param("build: {dockerfile: Bot}", "", "", "Bot", id="a-dockerfile-only"),
        pytest.param("build: https://example.com/bot.git", "", None, "", id="elsewhere"),
        pytest.param("image: bot", "", None, "", id="not-built"),
    ],
)
def test_what_is_built(text: str, folder: str, context: str | None, dockerfile: str) -> None:
    service = service_of(text, folder)

    assert (service.context, service.dockerfile) == (context, dockerfile)


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ('ports: ["7860:8765"]', [8765]),
        ("ports: [8765]", [8765]),
        ('ports: ["127.0.0.1:7860:8765/tcp"]', [8765]),
        ('ports: ["127.0.0.1::8765"]', [8765]),
        ('ports: ["${PORT:-7860}:8765"]', [8765]),
        ("ports: [{target: 8765, published: 7860}]", [8765]),
        ("expose: ['8765']", [8765]),
        ('ports: ["53:53/udp", "x", {}]', []),
        ("ports: nothing", []),
    ],
)
def test_which_ports_the_container_has(text: str, ports: list[int]) -> None:
    assert [port for port, _ in service_of(text).ports] == ports


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("command: [python, bot.py]", StartCommand(("python", "bot.py"), 3)),
        ("command: python bot.py -v 1", StartCommand(("python", "bot.py", "-v", "1"), 3)),
        ("image: bot", None),
    ],
)
def test_what_is_started(text: str, command: StartCommand | None) -> None:
    assert service_of(text).command == command


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("environment: {A: 1, B: , C: ''}", {"A": "1", "B": None, "C": ""}),
        ("environment: [A=1, B, 'C=']", {"A": "1", "B": None, "C": ""}),
    ],
)
def test_what_it_is_given(text: str, environment: dict[str, str | None]) -> None:
    assert service_of(text).environment == environment


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("env_file: .env", ("deploy/.env",)),
        ("env_file: [a.env, {path: b.env}]", ("deploy/a.env", "deploy/b.env")),
        ("env_file: [{path: .env, required: false}]", ()),
    ],
)
def test_files_it_cannot_be_started_without(text: str, files: tuple[str, ...]) -> None:
    assert service_of(text, "deploy").env_files == files


@pytest.mark.parametrize(
    "bot",
    [
        "{build: ., depends_on: [redis]}",
        "{build: ., depends_on: {redis: {condition: service_healthy}}}",
        "{build: ., links: ['redis:cache']}",
        "{build: ., environment: {REDIS_URL: 'redis://redis:6379/0'}}",
        "{<<: *shared, build: .}",
    ],
)
def test_what_it_needs_beside_it(bot: str) -> None:
    text = f"x-shared: &shared {{depends_on: [redis]}}\nservices:\n  redis: {{}}\n  bot: {bot}\n"
    services = read_compose(text, "")

    assert services is not None
    assert [service.needs for service in services] == [(), ("redis",)]


BOMB = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 20)
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("[]", id="a-list"),
        pytest.param("services: [a]", id="services-that-are-a-list"),
        pytest.param("services: {a: &a [*a]}", id="a-loop"),
        pytest.param("services: {a: !!python/object:os.system x}", id="a-tag"),
        pytest.param("a: [", id="cut-off"),
        pytest.param("a: " + "[" * 5000, id="deep"),
        pytest.param("\0", id="no-text"),
        pytest.param(f"{BOMB}services: {{bot: {{<<: *a19}}}}", id="a-bomb"),
        pytest.param("services: {? [a]: {}, ? {b: c} : {}}", id="names-that-are-none"),
    ],
)
def test_what_is_no_compose_file_breaks_nothing(text: str) -> None:
    for service in read_compose(text, "") or []:
        assert service.context is None
