"""A folder is built as `docker build` would, or the end of what the build said is shown."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker_engine import BASE_IMAGE, docker
from pipecat_voice_test.engine.cleaning.ownership import ROLE
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.images import build
from pipecat_voice_test.engine.images.build import build_image, remedy
from pipecat_voice_test.errors import ImageError

from engine.registry import Registry

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]

MEND_FIX = "mend what its last lines complain about: `docker build` must work on the folder."
ELSEWHERE_FIX = (
    "this Dockerfile needs more of BuildKit than can be had here: build it in a step\n"
    "       before with `docker build -t bot .` and give `--bot-image bot`."
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, called `bot` from where we are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bot").mkdir()
    return Path("bot")


@pytest.fixture
def built() -> Iterator[list[str]]:
    """Ids of images that are removed in the end."""
    images: list[str] = []
    yield images
    for image in images:
        docker("image", "rm", image, check=False)


def quiet(_: str) -> None:
    pass


def config_of(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("image", "inspect", image))[0]
    return found


def refusal(engine: Engine, folder: Path, dockerfile: str) -> str:
    (folder / "Dockerfile").write_text(dockerfile)
    with pytest.raises(ImageError) as caught:
        build_image(engine, folder, None, quiet)
    return str(caught.value)


def test_a_dockerfile_may_use_what_only_buildkit_has(
    connected: Engine, folder: Path, built: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "TELL_EVERY_S", 0.0)
    (folder / "Dockerfile").write_text(
        f"FROM {BASE_IMAGE}\n"
        f"RUN --mount=type=cache,target=/cache echo {secrets.token_hex(4)} > /new\n"
        'COPY greeting /greeting\nCMD ["cat", "/greeting"]\n'
    )
    (folder / "greeting").write_text("hello\n")
    told: list[str] = []

    image = build_image(connected, folder, None, told.append)
    built.append(image)

    assert docker("run", "--rm", image) == "hello"
    assert config_of(image)["Config"]["Labels"][ROLE] == "image"
    assert config_of(image)["RepoTags"] == []
    assert told[0] == "building bot: 0 MB of it sent"
    assert any("RUN --mount" in text for text in told)
    assert build_image(connected, folder, None, quiet) == image  # All of it was cached.


def test_base_images_are_pulled_as_the_build_needs_them(
    connected: Engine, folder: Path, hub: Registry, built: list[str]
) -> None:
    one, two = f"{hub.address}/token/one:latest", f"{hub.address}/token/two:latest"
    built += [one, two]
    (folder / "Dockerfile").write_text(
        f"FROM {one} AS first\nFROM {two}\nCOPY --from=first /file-0 /from-first\n"
    )

    image = build_image(connected, folder, None, quiet)
    built.insert(0, image)

    assert len(config_of(image)["RootFS"]["Layers"]) == 4


def test_an_older_engine_builds_the_old_way(
    connected: Engine, folder: Path, built: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "BUILDKIT_API", (9, 99))
    monkeypatch.setattr(build, "TELL_EVERY_S", 0.0)
    (folder / "Dockerfile").write_text(f'FROM {BASE_IMAGE}\nCMD ["echo", "hello"]\n')
    told: list[str] = []

    image = build_image(connected, folder, None, told.append)
    built.append(image)

    assert docker("run", "--rm", image) == "hello"
    assert config_of(image)["Config"]["Labels"][ROLE] == "image"
    assert f"building bot: Step 1/3 : FROM {BASE_IMAGE}" in told


def test_an_older_engine_is_told_what_needs_a_newer_one(
    connected: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "BUILDKIT_API", (9, 99))

    dockerfile = f"FROM {BASE_IMAGE}\nRUN --mount=type=cache,target=/c ls\n"

    message = refusal(connected, folder, dockerfile)

    assert message.startswith("bot could not be built: the --mount option requires BuildKit.")
    assert ELSEWHERE_FIX in message
    assert f"  Last lines of the build:\n    Step 1/3 : FROM {BASE_IMAGE}\n" in message


def test_the_last_thirty_lines_of_a_failed_build_are_shown(connected: Engine, folder: Path) -> None:
    command = "for n in $(seq 1 99); do printf '\\033[31mline %s\\n' $n; done; exit 3"

    message = refusal(connected, folder, f"FROM {BASE_IMAGE}\nRUN {command}\n")

    what, fix, *evidence = message.splitlines(keepends=True)
    assert what.startswith("bot could not be built: ")
    assert fix == f"  Fix: {MEND_FIX}\n"
    assert evidence[:-1] == [
        "  Last lines of the build:\n",
        *(f"    line {number}\n" for number in range(71, 100)),
    ]
    assert evidence[-1].endswith(": exit code: 3")


@pytest.mark.parametrize(
    ("dockerfile", "words", "fix"),
    [
        pytest.param("FRO scratch\n", "unknown instruction: FRO", MEND_FIX, id="grammar"),
        pytest.param(
            "FROM scratch\nCOPY nothing /\n", '"/nothing" not found', MEND_FIX, id="a-missing-file"
        ),
        pytest.param(
            f"FROM {BASE_IMAGE}\nRUN --mount=type=secret,id=key,required cat /run/secrets/key\n",
            "no active sessions",
            ELSEWHERE_FIX,
            id="a-secret",
        ),
    ],
)
def test_a_dockerfile_that_cannot_be_built(
    dockerfile: str, words: str, fix: str, connected: Engine, folder: Path
) -> None:
    message = refusal(connected, folder, dockerfile)

    assert message.startswith("bot could not be built: ")
    assert words in message.splitlines()[0]
    assert fix in message


@pytest.mark.parametrize(
    ("words", "dockerfile", "fix"),
    [
        pytest.param("dockerfile parse error", "FRO x", MEND_FIX, id="grammar"),
        pytest.param(
            "dockerfile parse error line 3: unknown instruction: ECHO",
            "RUN <<EOF",
            "for heredocs make `# syntax=docker/dockerfile:1` the Dockerfile's first line.",
            id="a-heredoc",
        ),
        pytest.param("Unknown flag: link", "COPY --link", ELSEWHERE_FIX, id="a-flag"),
        pytest.param("the --chmod option requires BuildKit", "", ELSEWHERE_FIX, id="an-option"),
    ],
)
def test_a_remedy_fits_what_engines_say_of(words: str, dockerfile: str, fix: str) -> None:
    assert remedy(words, dockerfile) == fix.replace("\n       ", "\n")


def test_a_base_image_that_cannot_be_pulled_is_named(
    connected: Engine, folder: Path, hub: Registry
) -> None:
    message = refusal(connected, folder, f"FROM {hub.address}/locked/base\n")

    name = f"{hub.address}/locked/base:latest"
    assert message == (
        f"the image {name} cannot be used: the registry asks who we are.\n"
        f"  Fix: `docker login {hub.address}` and `docker pull {name}` in a step before.\n"
        "  unauthorized"
    )


def test_a_file_that_cannot_be_read_is_named(
    connected: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "Dockerfile").write_text("FROM scratch\n")

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "bot/key.pem")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(ImageError) as caught:
        build_image(connected, folder, None, quiet)

    assert str(caught.value) == (
        "bot could not be sent to the engine: [Errno 13] Permission denied: 'bot/key.pem'.\n"
        "  Fix: make that file readable, or name it in `.dockerignore`."
    )
