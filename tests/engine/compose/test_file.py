"""A Compose file is found and read, or it is said what is wrong with it."""

import os
from pathlib import Path

import pytest
from pipecat_voice_test.engine.compose.command import Compose
from pipecat_voice_test.engine.compose.file import ComposeFile
from pipecat_voice_test.errors import UsageError, VoiceTestError


@pytest.fixture
def compose() -> None:
    """There is a Compose here; the test is skipped where not."""
    try:
        Compose.find()
    except VoiceTestError as error:
        pytest.skip(str(error))


def written(folder: Path, text: str, name: str = "compose.yaml") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        ComposeFile(tmp_path / "compse.yaml", "bot", 7860)

    assert str(caught.value) == (
        f"there is no Compose file {tmp_path}/compse.yaml.\n"
        "  Fix: say where it is: `--bot-compose compose.yaml --bot-service NAME`."
    )


@pytest.mark.parametrize("name", ["compose.yaml", "docker-compose.yml"])
def test_a_folder_stands_for_the_file_in_it(name: str, tmp_path: Path) -> None:
    found = ComposeFile(written(tmp_path, "services: {}", name).parent, None, 7860)

    assert found.words("pvt-abc") == [
        *("--progress", "plain", "--project-name", "pvt-abc"),
        *("--file", str(tmp_path / name), "--file", "-"),
    ]


@pytest.mark.parametrize(
    ("service", "name"),
    [
        pytest.param("bot", "`bot` of {}", id="with-its-service"),
        pytest.param(None, "{}", id="without"),
    ],
)
def test_what_its_bot_is_called(service: str | None, name: str, tmp_path: Path) -> None:
    path = written(tmp_path, "services: {}")

    assert ComposeFile(path, service, 7860).name == name.format(path)


@pytest.mark.docker
@pytest.mark.usefixtures("compose")
def test_variables_are_filled_in_and_every_profile_is_seen(tmp_path: Path) -> None:
    text = """
services:
  bot: {image: "shop/${WHICH}:ci", depends_on: [db], volumes: ["./data:/data"]}
  db: {image: db, profiles: [all]}
  other: {image: other}
"""
    file = ComposeFile(written(tmp_path, text), "bot", 7860, {**os.environ, "WHICH": "bot"})

    model = file.read()

    assert model.services["bot"]["image"] == "shop/bot:ci"
    assert model.services["bot"]["volumes"][0]["source"] == str(tmp_path / "data")
    assert file.needed == ["bot", "db"]


@pytest.mark.docker
@pytest.mark.usefixtures("compose")
def test_a_file_that_compose_refuses(tmp_path: Path) -> None:
    path = written(tmp_path, "services: {bot: {image: x, prots: []}}")

    with pytest.raises(UsageError) as caught:
        ComposeFile(path, "bot", 7860).read()

    assert caught.value.what == f"{path} cannot be used as a Compose file."
    assert caught.value.fix == f"mend it until `docker compose -f {path} config` accepts it."
    assert "prots" in caught.value.evidence
