"""What is found out about a repository, with the place of each fact."""

from collections.abc import Mapping

import pytest
from pipecat_voice_test.setup.repository import Advice, Seen
from pipecat_voice_test.setup.survey import Survey, survey

from setup.repositories import DOCKERFILE, PIPECAT, RUNNER_BOT, SERVER_BOT, STOCK, Written

Files = Mapping[str, str | None]
COMPOSE = """\
services:
  redis:
    image: redis:7
  bot:
    build: ./server
    environment:
      REDIS_URL: redis://redis:6379
    ports: ["8080:7860"]
"""


def found(files: Files, base: str = "", **more: object) -> Survey:
    return survey(Written(files, **more), base)  # type: ignore[arg-type]  # It is a test's own.


def dockerfile(*lines: str) -> str:
    return "\n".join(["FROM python:3.13-slim", "COPY bot.py .", *lines, ""])


def advised(files: Files) -> list[str]:
    return [advice.what for advice in found(files).advice]


def test_a_stock_bot_needs_no_advice() -> None:
    survey = found(STOCK)

    assert survey.advice == ()
    assert (survey.launch.way, survey.launch.file, survey.launch.script) == (
        "build", "Dockerfile", "bot.py",
    )  # fmt: skip
    assert survey.listening.port == Seen(7860, "Dockerfile:5")
    assert survey.listening.path == Seen("/ws", "Pipecat's default")
    assert survey.listening.arguments is None
    assert survey.pipecat == "requirements.txt:1"
    assert [(needed.name, needed.where) for needed in survey.needed] == [
        ("OPENAI_API_KEY", "bot.py:6")
    ]


@pytest.mark.parametrize(
    ("files", "chosen", "others"),
    [
        pytest.param({"bot/Dockerfile": DOCKERFILE}, "bot/Dockerfile", (), id="in-a-folder"),
        pytest.param(
            {"Dockerfile": "FROM nginx\nEXPOSE 80", "server/Dockerfile": DOCKERFILE},
            "server/Dockerfile",
            ("Dockerfile",),
            id="not-the-one-of-the-web-site",
        ),
        pytest.param(
            {"Dockerfile": "FROM python\nCMD python bot.py", "examples/Dockerfile": DOCKERFILE},
            "Dockerfile",
            ("examples/Dockerfile",),
            id="not-the-one-of-an-example",
        ),
        pytest.param(
            {
                "a/Dockerfile": "FROM python\nCMD python api.py",
                "b/Dockerfile": "FROM python\nCMD python main.py",
                "b/pyproject.toml": 'dependencies = ["pipecat-ai"]',
            },
            "b/Dockerfile",
            ("a/Dockerfile",),
            id="the-one-whose-packages-hold-pipecat",
        ),
        pytest.param(
            {"Dockerfile.dev": DOCKERFILE, "Dockerfile": DOCKERFILE, "x.Dockerfile": DOCKERFILE},
            "Dockerfile",
            ("Dockerfile.dev", "x.Dockerfile"),
            id="the-one-with-the-usual-name",
        ),
        pytest.param({"docker/bot.Dockerfile": DOCKERFILE}, "docker/bot.Dockerfile", (), id="odd"),
        pytest.param(
            {
                "a/Dockerfile": DOCKERFILE,
                "a/bot.py": RUNNER_BOT.replace("twilio", "daily"),
                "b/Dockerfile": DOCKERFILE,
                "b/bot.py": RUNNER_BOT,
            },
            "b/Dockerfile",
            ("a/Dockerfile",),
            id="the-one-that-can-be-phoned",
        ),
        pytest.param({"Containerfile": DOCKERFILE}, "Containerfile", (), id="podman-s"),
        pytest.param(
            {"Dockerfile": DOCKERFILE, "Dockerfile.dockerignore": "x"},
            "Dockerfile",
            (),
            id="ignored",
        ),
    ],
)
def test_which_dockerfile_is_the_bots(files: Files, chosen: str, others: tuple[str, ...]) -> None:
    launch = found(files).launch

    assert (launch.file, launch.others) == (chosen, others)


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        pytest.param({"Dockerfile": DOCKERFILE, "bot.py": ""}, "", id="the-top"),
        pytest.param({"bot/Dockerfile": DOCKERFILE, "bot/bot.py": ""}, "bot", id="its-own"),
        pytest.param(
            {"docker/Dockerfile": DOCKERFILE, "bot.py": "", "requirements.txt": ""},
            "",
            id="where-everything-is-that-it-copies",
        ),
        pytest.param(
            {"a/docker/Dockerfile": "FROM x\nCOPY . .", "a/pyproject.toml": ""},
            "a",
            id="where-there-is-code",
        ),
        pytest.param({"bot/Dockerfile": "FROM x\nCOPY . ."}, "bot", id="its-own-if-nowhere"),
        pytest.param(
            {
                "docker/Dockerfile": "FROM x\nCOPY . .",
                "docker/x.py": "",
                "compose.yaml": "services: {b: {build: {dockerfile: docker/Dockerfile}}}",
            },
            "",
            id="what-compose-says",
        ),
    ],
)
def test_which_folder_is_built(files: Files, folder: str) -> None:
    assert found(files).launch.folder == folder


@pytest.mark.parametrize(
    ("files", "port"),
    [
        pytest.param(
            {"Dockerfile": dockerfile("EXPOSE 8080", "CMD python bot.py --port 9000")},
            Seen(9000, "Dockerfile:4"),
            id="the-start-command-before-everything",
        ),
        pytest.param(
            {
                "Dockerfile": dockerfile("ENV PORT=9000", "EXPOSE 8080", "CMD python bot.py"),
                "bot.py": "import os, uvicorn\nuvicorn.run(app, port=int(os.getenv('PORT', 1)))",
            },
            Seen(9000, "Dockerfile:3"),
            id="PORT-if-the-code-reads-it",
        ),
        pytest.param(
            {
                "Dockerfile": dockerfile("ENV PORT=9000", "EXPOSE 8765", "CMD python server.py"),
                "server.py": SERVER_BOT,
            },
            Seen(8765, "server.py:12"),
            id="the-code-that-is-started",
        ),
        pytest.param(
            {"Dockerfile": dockerfile("CMD python /app/bot.py"), "src/bot.py": RUNNER_BOT},
            Seen(7860, "Pipecat's default"),
            id="pipecat-s-runner",
        ),
        pytest.param(
            {"Dockerfile": dockerfile("CMD uvicorn server:app --host ::")},
            Seen(8000, "uvicorn's default"),
            id="uvicorn",
        ),
        pytest.param(
            {"Dockerfile": dockerfile("EXPOSE 8080 7860", "CMD ./start.sh")},
            Seen(7860, "Dockerfile:3"),
            id="the-likelier-one-of-those-exposed",
        ),
        pytest.param(
            {"Dockerfile": dockerfile("CMD ./start.sh"), "app/x.py": SERVER_BOT},
            Seen(8765, "app/x.py:12"),
            id="any-code-that-listens",
        ),
        pytest.param(
            {"Dockerfile": "FROM dailyco/pipecat-base:latest\nCOPY bot.py bot.py"},
            Seen(8080, "the default of dailyco/pipecat-base"),
            id="pipecat-cloud",
        ),
        pytest.param(
            {"Dockerfile": "FROM dailyco/pipecat-base:latest\nENV PORT=9000"},
            Seen(9000, "Dockerfile:2"),
            id="pipecat-cloud-told-otherwise",
        ),
        pytest.param(
            {"Dockerfile": dockerfile("CMD ./start.sh")},
            Seen(7860, "Pipecat's default"),
            id="nothing-said",
        ),
        pytest.param(
            {"server/Dockerfile": dockerfile("CMD ./start.sh"), "compose.yaml": COMPOSE},
            Seen(7860, "compose.yaml:8"),
            id="compose",
        ),
    ],
)
def test_which_port_it_listens_on(files: Files, port: Seen[int]) -> None:
    assert found(files).listening.port == port


@pytest.mark.parametrize(
    ("code", "path"),
    [
        pytest.param({"server.py": SERVER_BOT}, Seen("/media", "server.py:8"), id="a-route"),
        pytest.param({"server.py": RUNNER_BOT}, Seen("/ws", "Pipecat's default"), id="the-runner"),
        pytest.param(
            {"server.py": "@app.websocket('/ui')\n@app.websocket('/twilio/stream')\ndef f(): ..."},
            Seen("/twilio/stream", "server.py:2"),
            id="the-likelier-of-several",
        ),
        pytest.param(
            {"server.py": "@app.websocket('/ws/{token}')\ndef f(): ..."},
            Seen("/ws", "Pipecat's default"),
            id="none-with-a-parameter",
        ),
        pytest.param(
            {"server.py": "import routes", "routes.py": "@r.websocket('/call')\ndef f(): ..."},
            Seen("/call", "routes.py:1"),
            id="a-route-elsewhere",
        ),
    ],
)
def test_which_path_calls_come_in_at(code: Files, path: Seen[str]) -> None:
    files = {"Dockerfile": dockerfile("CMD python server.py"), **code}

    assert found(files).listening.path == path


LOCAL = "the bot listens on {}, which nobody outside of its container can reach"


@pytest.mark.parametrize(
    ("command", "code", "arguments", "because"),
    [
        pytest.param(
            'CMD ["python", "bot.py", "-t", "twilio"]',
            RUNNER_BOT,
            "python bot.py -t twilio --host 0.0.0.0",
            LOCAL.format("localhost"),
            id="pipecat-s-runner-says-localhost",
        ),
        pytest.param(
            "CMD python bot.py --host 127.0.0.1",
            RUNNER_BOT,
            "python bot.py --host 0.0.0.0",
            LOCAL.format("127.0.0.1"),
            id="told-so",
        ),
        pytest.param(
            "CMD uvicorn bot:app",
            SERVER_BOT,
            "uvicorn bot:app --host 0.0.0.0",
            LOCAL.format("127.0.0.1"),
            id="uvicorn",
        ),
        pytest.param(
            "CMD gunicorn -b 127.0.0.1:9000 bot:app",
            SERVER_BOT,
            "gunicorn -b 0.0.0.0:9000 bot:app",
            LOCAL.format("127.0.0.1"),
            id="gunicorn",
        ),
        pytest.param(
            "CMD python bot.py -t webrtc --host 0.0.0.0",
            RUNNER_BOT,
            "python bot.py -t twilio --host 0.0.0.0",
            "the bot is started for webrtc, where no phone call gets through",
            id="no-phone",
        ),
        pytest.param(
            "CMD python bot.py --transport daily",
            RUNNER_BOT,
            "python bot.py --transport twilio --host 0.0.0.0",
            "the bot is started for daily, where no phone call gets through and "
            + LOCAL.format("localhost"),
            id="both",
        ),
    ],
)
def test_a_bot_that_cannot_be_reached_is_started_otherwise(
    command: str, code: str, arguments: str, because: str
) -> None:
    files = {"Dockerfile": dockerfile(command), "bot.py": code, "requirements.txt": PIPECAT}
    survey = found(files)

    assert survey.listening.arguments == Seen(arguments, because)
    assert [advice.what for advice in survey.advice] == [f"Dockerfile:3: {because}."]


@pytest.mark.parametrize(
    ("files", "advice"),
    [
        pytest.param(
            {"Dockerfile": dockerfile("ENTRYPOINT python bot.py"), "bot.py": RUNNER_BOT},
            Advice(
                f"Dockerfile:3: {LOCAL.format('localhost')}.",
                "say `--host 0.0.0.0` in Dockerfile:3.",
            ),
            id="an-entrypoint-that-takes-no-arguments",
        ),
        pytest.param(
            {
                "Dockerfile": dockerfile("CMD python bot.py"),
                "bot.py": SERVER_BOT.replace("0.0.0.0", "localhost"),
            },
            Advice(f"bot.py:12: {LOCAL.format('localhost')}.", 'say `host="0.0.0.0"` there.'),
            id="in-the-code",
        ),
        pytest.param(
            {
                "server/Dockerfile": dockerfile("CMD python bot.py"),
                "server/bot.py": RUNNER_BOT,
                "compose.yaml": COMPOSE,
            },
            Advice(
                f"server/Dockerfile:3: {LOCAL.format('localhost')}.",
                "say `--host 0.0.0.0` in server/Dockerfile:3.",
            ),
            id="with-compose",
        ),
    ],
)
def test_what_cannot_be_mended_from_outside(files: Files, advice: Advice) -> None:
    survey = found({**files, "requirements.txt": PIPECAT})

    assert survey.listening.arguments is None
    assert list(survey.advice) == [advice]


@pytest.mark.parametrize(
    ("files", "advice"),
    [
        pytest.param(
            {**STOCK, "Dockerfile": DOCKERFILE.replace("EXPOSE 7860", "EXPOSE 80")},
            "Dockerfile:4 exposes port 80, but the bot listens on 7860 (Dockerfile:5).",
            id="another-port-exposed",
        ),
        pytest.param(
            {"Dockerfile": DOCKERFILE, "bot.py": "x = 1"},
            "neither Dockerfile nor a list of packages mentions Pipecat.",
            id="no-pipecat",
        ),
        pytest.param(
            {**STOCK, "bot.py": RUNNER_BOT.replace("twilio", "webrtc")},
            "no Python file mentions Twilio, so the bot may not answer phone calls.",
            id="no-phone",
        ),
        pytest.param(
            {"bot.py": RUNNER_BOT},
            "there is no Dockerfile, so bot.py is started as it is.",
            id="no-dockerfile",
        ),
        pytest.param(
            {"README.md": "hello"},
            "nothing in this repository says how the bot is started: there is no Dockerfile, and"
            " no Python file that begins to listen.",
            id="nothing",
        ),
        pytest.param(
            {**STOCK, "Dockerfile.big": None},
            "Dockerfile.big was left out: it has more than 1024 KiB.",
            id="a-file-that-cannot-be-read",
        ),
        pytest.param(
            {**STOCK, "compose.yaml": "services: ["},
            "compose.yaml was left out: it is no YAML that can be read.",
            id="a-broken-compose-file",
        ),
        pytest.param(
            {**STOCK, "compose.yml": COMPOSE},
            "compose.yml:4 is built from server/Dockerfile, which is not there.",
            id="a-service-without-its-dockerfile",
        ),
    ],
)
def test_what_is_missing(files: Files, advice: str) -> None:
    assert advice in advised(files)


def test_a_file_of_secrets_that_ci_does_not_have() -> None:
    compose = f"{COMPOSE}    env_file: .env\n"
    files = {"compose.yaml": compose, ".env": "A=1", "server/Dockerfile": DOCKERFILE}

    assert (
        Advice(
            "compose.yaml: service `bot` cannot be started without .env, which CI does not have.",
            "say `env_file: [{path: .env, required: false}]`.",
        )
        in found(files).advice
    )


@pytest.mark.parametrize(
    ("files", "way"),
    [
        pytest.param(
            {"compose.yaml": COMPOSE, "server/Dockerfile": DOCKERFILE}, "compose", id="beside"
        ),
        pytest.param(
            {
                "compose.yaml": "services: {bot: {build: .}, web: {image: nginx}}",
                "Dockerfile": DOCKERFILE,
            },
            "build",
            id="a-bot-that-needs-nothing-beside-it",
        ),
        pytest.param({"compose.yaml": "services: {web: {image: nginx}}"}, "url", id="no-bot-there"),
        pytest.param({"app/main.py": SERVER_BOT}, "command", id="a-file-that-listens"),
        pytest.param({"a.py": RUNNER_BOT, "tests/bot.py": RUNNER_BOT}, "command", id="not-a-test"),
        pytest.param({"tests/bot.py": RUNNER_BOT}, "url", id="tests-only"),
        pytest.param({}, "url", id="nothing"),
    ],
)
def test_how_it_is_started(files: Files, way: str) -> None:
    assert found(files).launch.way == way


def test_the_service_that_is_the_bot() -> None:
    compose = (
        "services:\n"
        "  api: {build: ./api, depends_on: [db]}\n"
        "  agent: {build: ./agent, depends_on: [db]}\n"
        "  db: {image: postgres}\n"
    )
    files = {
        "docker-compose.yml": compose,
        "api/Dockerfile": "FROM python\nCMD python api.py",
        "agent/Dockerfile": DOCKERFILE,
        "agent/requirements.txt": PIPECAT,
    }
    launch = found(files).launch

    assert launch.service is not None
    assert (launch.way, launch.service.name, launch.service.line) == ("compose", "agent", 3)
    assert launch.others == ("api/Dockerfile",)


EXAMPLE = (
    "# keys\nOPENAI_API_KEY=\nexport DEEPGRAM_API_KEY=sk-12345\nMODEL=gpt\nTWILIO_AUTH_TOKEN=x\n"
    "# OLD_KEY=\nCARTESIA_API_KEY=\n"
)
READS = (
    "import os\nos.environ['BUSINESS']\nos.getenv('LOG_LEVEL')\nos.getenv('PORT')\n"
    "os.getenv('CARTESIA_API_KEY', '')\nos.getenv('GITHUB_TOKEN')\nos.getenv('VOICE_TOKEN')\n"
)


@pytest.mark.parametrize("name", [".env.example", "env.example", ".env.sample", "dotenv.template"])
def test_what_the_bot_is_to_be_given(name: str) -> None:
    survey = found({**STOCK, name: EXAMPLE, "bot.py": READS})

    assert [(needed.name, needed.where, needed.is_secret) for needed in survey.needed] == [
        ("BUSINESS", "bot.py:2", False),
        ("VOICE_TOKEN", "bot.py:7", True),
        ("OPENAI_API_KEY", f"{name}:2", True),
        ("DEEPGRAM_API_KEY", f"{name}:3", True),
    ]


def test_an_example_beside_the_bot_counts_alone() -> None:
    bot = {f"bot/{path}": text for path, text in STOCK.items()}
    files = {**bot, "bot/env.example": "A_KEY=", ".env.example": "B_KEY="}

    assert [needed.name for needed in found(files).needed] == ["OPENAI_API_KEY", "A_KEY"]


def test_what_tests_read_is_not_asked_for() -> None:
    code = "import os\nos.environ['X_KEY']\n"
    files = {**STOCK, "stress_test.py": code, "test_bot.py": code, "tests/a.py": code}

    assert [needed.name for needed in found(files).needed] == ["OPENAI_API_KEY"]


def test_what_the_image_sets_is_not_asked_for() -> None:
    text = DOCKERFILE.replace("EXPOSE", "ENV OPENAI_API_KEY=none\nEXPOSE")

    assert found({**STOCK, "Dockerfile": text}).needed == ()


def test_nobodys_secrets_are_read() -> None:
    repository = Written({**STOCK, ".env": "OPENAI_API_KEY=sk-1", "bot/.env.local": "A=1"})

    survey(repository)

    assert not any(path.rpartition("/")[2].startswith(".env") for path in repository.read)


@pytest.mark.parametrize(
    ("files", "remotes", "systems"),
    [
        pytest.param({}, ["github.com"], [Seen("github", "git remote github.com")], id="remote"),
        pytest.param(
            {},
            ["gitlab.acme.example"],
            [Seen("gitlab", "git remote gitlab.acme.example")],
            id="lab",
        ),
        pytest.param({".github/CODEOWNERS": ""}, [], [Seen("github", ".github/")], id="a-folder"),
        pytest.param({".gitlab-ci.yml": ""}, [], [Seen("gitlab", ".gitlab-ci.yml")], id="a-file"),
        pytest.param(
            {".gitlab-ci.yml": ""},
            ["github.com", "gitlab.com"],
            [Seen("github", "git remote github.com"), Seen("gitlab", "git remote gitlab.com")],
            id="both",
        ),
        pytest.param({}, ["bitbucket.org"], [], id="neither"),
    ],
)
def test_where_it_is_tested(files: Files, remotes: list[str], systems: list[Seen[str]]) -> None:
    assert list(found(files, remotes=remotes).ci) == systems


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("", ()),
        ("stages: [build, test]\n", ("build", "test")),
        ("a: 1\nstages:\n  - build  # first\n  - 'voice-test'\nb: 2\n", ("build", "voice-test")),
        ("stages:\n- build\n", ("build",)),
        ("other:\n  stages: [x]\n", ()),
    ],
)
def test_stages_of_a_pipeline(text: str, stages: tuple[str, ...]) -> None:
    assert found({".gitlab-ci.yml": text}).stages == stages


def test_one_bot_of_many_in_a_repository() -> None:
    files = {f"bots/{name}/{path}": text for name in "ab" for path, text in STOCK.items()}
    survey = found({**files, "Dockerfile": DOCKERFILE}, base="bots/b")

    assert (survey.launch.file, survey.launch.others) == ("bots/b/Dockerfile", ())
    assert survey.launch.script == "bots/b/bot.py"
    assert survey.pipecat == "bots/b/requirements.txt:1"


def test_files_in_which_the_bot_is_called_already() -> None:
    files = {
        ".github/workflows/a.yml": "uses: org/other@v1",
        ".github/workflows/b.yaml": "uses: org/pipecat-voice-test@v1",
        ".gitlab-ci.yml": "script: pipecat-voice-test run",
    }

    assert found(files).jobs == {"github": ".github/workflows/b.yaml", "gitlab": ".gitlab-ci.yml"}
