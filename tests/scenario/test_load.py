"""Files and folders: what is read, what is passed over, and what may be reached."""

import os
from pathlib import Path

import pytest
from pipecat_voice_test.errors import ScenarioError, UsageError
from pipecat_voice_test.scenario.load import load_config, load_paths, read_all

from scenario.texts import scenario, write

ONE = "name: {}\nturns: [{{user: b}}]"
CLIP = "name: a\nturns: [{{audio: {}}}]"


def _names(folder: Path, *paths: str) -> list[str]:
    return [one.name for one in load_paths([Path(path) for path in paths], cwd=folder)]


def test_a_folder_is_searched_in_the_order_of_its_paths(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/z.yml", "a/B.YAML", "c.yaml"):
        write(tmp_path, ONE.format(name), f"voice/{name}")
    write(tmp_path, ONE.format("hidden"), "voice/.drafts/x.yaml")
    write(tmp_path, ONE.format("hidden"), "voice/.x.yaml")
    write(tmp_path, "# not a scenario", "voice/readme.md")

    assert _names(tmp_path, "voice") == ["a/B.YAML", "a/z.yml", "b.yaml", "c.yaml"]


def test_scenarios_name_their_file_as_it_was_found(tmp_path: Path) -> None:
    write(tmp_path, ONE.format("a"), "voice/a.yaml")

    from_folder, from_above = (
        load_paths([Path(path)], cwd=cwd)[0].file
        for path, cwd in [("voice", tmp_path), ("..", tmp_path / "voice")]
    )

    assert from_folder == Path("voice/a.yaml")
    assert from_above == Path("a.yaml")


def test_scenarios_know_the_text_of_the_file_they_came_from(tmp_path: Path) -> None:
    """Of the top file: failing lines are counted in it, wherever their values were included."""
    text = "name: a\r\nturns: !include t\r\nscenarios: [{name: x}, {name: y}]\r\n"
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    write(tmp_path, "- user: b", "t")

    found = load_paths([Path("a.yaml")], cwd=tmp_path)

    assert [one.source for one in found] == [text, text]


def test_a_fragment_is_passed_over_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, ONE.format("a"), "a.yaml")
    write(tmp_path, "suite: [{bot: x}]", "manifest.yaml")
    write(tmp_path, "- event: !include nowhere.yaml", "list.yaml")
    write(tmp_path, "", "empty.yaml")

    assert _names(tmp_path, ".") == ["a"]


def test_a_fragment_named_by_itself_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "suite: []", "manifest.yaml")

    with pytest.raises(ScenarioError) as caught:
        _names(tmp_path, "manifest.yaml")

    assert str(caught.value).startswith("manifest.yaml:1: `name` is missing\n")


def test_a_scenario_whose_name_is_merged_in_is_no_fragment(tmp_path: Path) -> None:
    write(tmp_path, "name: a", "base.txt")
    write(tmp_path, "<<: !include base.txt\nturns: [{user: b}]", "a.yaml")

    assert _names(tmp_path, ".") == ["a"]


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, ONE.format("a"), "a.yaml")

    assert _names(tmp_path, "a.yaml", ".", str(tmp_path)) == ["a"]


def test_linked_folders_are_searched_and_circles_end(tmp_path: Path) -> None:
    write(tmp_path, ONE.format("a"), "shared/a.yaml")
    (tmp_path / "voice").mkdir()
    (tmp_path / "voice" / "linked").symlink_to(tmp_path / "shared")
    (tmp_path / "shared" / "back").symlink_to(tmp_path / "voice")

    assert _names(tmp_path, "voice") == ["a"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        pytest.param(
            "nowhere",
            "nowhere does not exist.\n"
            "  Fix: give scenario files or folders; `pipecat-voice-test init` writes a first one",
            id="nothing-there",
        ),
        pytest.param(
            "x" * 5000,
            f"{'x' * 5000} does not exist.\n"
            "  Fix: give scenario files or folders; `pipecat-voice-test init` writes a first one",
            id="a-name-too-long",
        ),
        pytest.param(
            "pipe.yaml",
            "pipe.yaml is not a file or folder.\n"
            "  Fix: give scenario files or folders; `pipecat-voice-test init` writes a first one",
            id="a-pipe",
        ),
        pytest.param(
            "empty",
            "empty holds no scenario.\n"
            "  Fix: write a first one with `pipecat-voice-test init`, or name another folder",
            id="an-empty-folder",
        ),
        pytest.param(
            "fragments",
            "fragments holds no scenario.\n"
            "  Fix: give a scenario a `name:`; YAML files without one are taken for fragments\n"
            "  fragments/a.yaml has no `name:`",
            id="a-folder-of-fragments",
        ),
    ],
)
def test_paths_without_scenarios_are_refused(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    write(tmp_path, "turns: []", "fragments/a.yaml")

    with pytest.raises(UsageError) as caught:
        _names(tmp_path, path)

    assert str(caught.value) == message


def test_two_files_may_not_hold_scenarios_of_one_name(tmp_path: Path) -> None:
    write(tmp_path, ONE.format("a"), "1.yaml")
    write(tmp_path, "\n" + ONE.format("a"), "2.yaml")

    with pytest.raises(ScenarioError) as caught:
        _names(tmp_path, ".")

    assert str(caught.value) == (
        "2.yaml:2: a scenario called `a` is also in 1.yaml:1\n"
        "  Fix: rename one of them; results are kept by name"
    )


def test_every_broken_file_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path, ONE.format("a"), "1.yaml")
    write(tmp_path, "name: b\nturn: []", "2.yaml")
    write(tmp_path, "name: [", "3.yaml")
    (tmp_path / "4.yaml").symlink_to(tmp_path / "gone.yaml")

    read, errors = read_all([Path()], cwd=tmp_path)

    assert [one.name for one in read] == ["a"]
    assert [error.what for error in errors] == [
        "2.yaml:2: unknown key `turn`",
        "3.yaml:1: not YAML: a bracket opened here is not closed",
        "4.yaml:1: it cannot be read: No such file or directory",
    ]
    with pytest.raises(ScenarioError) as caught:
        load_paths([Path()], cwd=tmp_path)
    assert str(caught.value).splitlines() == [
        "2.yaml:2: unknown key `turn`",
        "  Fix: did you mean `turns`?",
        "  3.yaml:1: not YAML: a bracket opened here is not closed",
        "    Fix: close it",
        "  4.yaml:1: it cannot be read: No such file or directory",
        "    Fix: correct the file",
    ]


# --- the root -----------------------------------------------------------------------------


def _clip(folder: Path, written: str, cwd: Path) -> str:
    """What became of a recording named in `folder`: its path, or the complaint."""
    write(folder, CLIP.format(written), "a.yaml")
    read, errors = read_all([folder / "a.yaml"], cwd=cwd)
    return errors[0].what if errors else str(read[0].turns[0].audio)


def test_the_root_is_the_nearest_folder_with_git(tmp_path: Path) -> None:
    clip = tmp_path.resolve() / "repo" / "clips" / "a.wav"
    write(tmp_path, b"", "repo/clips/a.wav")
    write(tmp_path, b"", "b.wav")
    write(tmp_path, "gitdir: elsewhere", "repo/.git")  # A work tree has a file there.
    voice = tmp_path / "repo" / "tests" / "voice"

    assert _clip(voice, "../../clips/a.wav", cwd=voice) == str(clip)
    assert "which lies outside of" in _clip(voice, "../../../b.wav", cwd=tmp_path)


def test_without_git_the_root_is_the_working_directory(tmp_path: Path) -> None:
    write(tmp_path, b"", "work/a.wav")
    voice = tmp_path / "work" / "voice"

    assert _clip(voice, "../a.wav", cwd=tmp_path / "work").endswith("/work/a.wav")
    assert "which lies outside of" in _clip(voice, "../a.wav", cwd=voice)


def test_a_file_outside_of_the_working_directory_reaches_its_own_folder(tmp_path: Path) -> None:
    write(tmp_path, b"", "there/voice/a.wav")
    write(tmp_path, b"", "there/a.wav")
    voice, here = tmp_path / "there" / "voice", tmp_path / "here"
    here.mkdir()

    assert _clip(voice, "a.wav", cwd=here).endswith("/there/voice/a.wav")
    assert "which lies outside of" in _clip(voice, "../a.wav", cwd=here)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        pytest.param("/etc/hostname", "which lies outside of", id="an-absolute-path"),
        pytest.param("link.wav", "which lies outside of", id="a-link-out-of-the-root"),
        pytest.param("circle.wav", "which does not exist", id="a-link-to-itself"),
        pytest.param("pipe.wav", "which is not a file", id="a-pipe"),
        pytest.param('"a\\0.wav"', "which does not exist", id="a-nul"),
        pytest.param("x" * 5000, "which does not exist", id="a-long-name"),
    ],
)
def test_what_a_scenario_may_not_name(tmp_path: Path, written: str, complaint: str) -> None:
    voice = tmp_path / "voice"
    write(tmp_path, b"", "secret.wav")
    voice.mkdir()
    (voice / "link.wav").symlink_to(tmp_path / "secret.wav")
    (voice / "circle.wav").symlink_to(voice / "circle.wav")
    os.mkfifo(voice / "pipe.wav")

    assert complaint in _clip(voice, written, cwd=voice)


def test_a_recording_named_in_an_included_file_counts_from_the_top_file(tmp_path: Path) -> None:
    write(tmp_path, b"", "clips/a.wav")
    write(tmp_path, "[{audio: clips/a.wav}]", "parts/turns.yaml")

    (turn,) = scenario(tmp_path, "name: a\nturns: !include parts/turns.yaml").turns

    assert turn.audio == tmp_path.resolve() / "clips" / "a.wav"


# --- settings -----------------------------------------------------------------------------

OPTIONS = ("bot-image", "bot-env", "repeat", "fail-fast")


def test_settings_are_read_by_the_names_of_options(tmp_path: Path) -> None:
    text = """\
        bot-image: shop/bot:ci
        bot-env: [A=1, B]
        repeat: 5
        fail-fast: true
        """
    write(tmp_path, text, "voice-test.yaml")

    assert load_config(tmp_path, OPTIONS) == {
        "bot-image": "shop/bot:ci",
        "bot-env": ["A=1", "B"],
        "repeat": 5,
        "fail-fast": True,
    }


@pytest.mark.parametrize("text", [None, "", "# later"])
def test_settings_may_be_missing(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        write(tmp_path, text, "voice-test.yaml")

    assert load_config(tmp_path, OPTIONS) == {}


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        pytest.param(
            "bot_image: a",
            "1: unknown option `bot_image`",
            "did you mean `bot-image`?",
            id="an-underscore",
        ),
        pytest.param(
            "xyzzy: a",
            "1: unknown option `xyzzy`",
            "options of `run` are `bot-env`, `bot-image`, `fail-fast` and `repeat`",
            id="no-option",
        ),
        pytest.param(
            "bot-env: {A: 1}",
            "1: `bot-env` must be a text, a number or a list of them, not a block of keys",
            "write the value as on the command line, quoted",
            id="a-block",
        ),
        pytest.param(
            "repeat:",
            "1: `repeat` must be a text, a number or a list of them, not nothing",
            "write the value as on the command line, quoted",
            id="nothing",
        ),
        pytest.param(
            "- repeat",
            "1: settings are a block of keys, not a list",
            "write `bot-command: CMD`",
            id="a-list",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, what: str, fix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, text, "voice-test.yaml")

    with pytest.raises(ScenarioError) as caught:
        load_config(tmp_path, OPTIONS)

    assert str(caught.value) == f"voice-test.yaml:{what}\n  Fix: {fix}"
