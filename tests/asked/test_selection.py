"""Which scenarios are run here: what was asked for, and this machine's share of it."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.selection import selected, shard_of
from pipecat_voice_test.cli import main
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.scenario.shard import Shard, Share

LISTEN = "name: {}\ntags: [smoke]\nturns:\n  - expect: [{{event: response}}]\n"
SKIPPED = "name: {}\npersona: Jo\ngoal: a\nsuccess: b\n"
GITLAB = ("CI_NODE_INDEX", "CI_NODE_TOTAL", "CI_JOB_NAME")
URL = ["--bot-url", "ws://127.0.0.1:1/ws"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of three scenarios, outside of any CI job."""
    for name in (*GITLAB, "PVT_SHARD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    _write("a", "b", "c")
    return tmp_path


def _write(*names: str, text: str = LISTEN) -> None:
    Path("tests/voice").mkdir(parents=True, exist_ok=True)
    for name in names:
        Path(f"tests/voice/{name}.yaml").write_text(text.format(name))


def _job(index: str, total: str, name: str = "voice") -> Mapping[str, str]:
    return dict(zip(GITLAB, (index, total, name), strict=True))


def _call(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, arguments, env=env)


@pytest.mark.parametrize(
    ("option", "environ", "shard"),
    [
        pytest.param((), {}, None, id="no-ci"),
        pytest.param(("2/3",), {}, Shard(2, 3), id="the-option"),
        pytest.param((), {"PVT_SHARD": "2/3"}, Shard(2, 3), id="the-environment"),
        pytest.param((), _job("2", "3", "voice 2/3"), Shard(2, 3), id="a-parallel-job"),
        pytest.param((), _job("2", "3", "voice: [2/3]"), Shard(2, 3), id="as-gitlab-ci-local-says"),
        pytest.param((), _job("2", "3", "say [hi] 2/3"), Shard(2, 3), id="brackets-in-the-name"),
        pytest.param((), {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "2"}, Shard(1, 2), id="no-name"),
        pytest.param((), {"CI_NODE_TOTAL": "1"}, None, id="a-job-that-is-not-parallel"),
        pytest.param((), _job("1", "1", "voice 1/1"), None, id="the-only-one"),
        pytest.param((), _job("", ""), None, id="empty-is-not-given"),
        pytest.param((), _job("2", "3", "voice: [arm, eu]"), None, id="a-matrix-job-runs-all"),
        pytest.param((), _job("2", "3", "voice: [1/2, eu]"), None, id="whatever-its-variables"),
        pytest.param(("1/1",), _job("2", "3"), Shard(1, 1), id="the-option-beats-gitlab"),
        pytest.param(
            (), {**_job("2", "3"), "PVT_SHARD": "1/4"}, Shard(1, 4), id="so-does-the-environment"
        ),
    ],
)
def test_whose_share_it_is(
    option: tuple[str, ...], environ: Mapping[str, str], shard: Shard | None
) -> None:
    given = Given({"shard": option} if option else {}, environ)

    assert shard_of(given, environ) == shard


def test_an_index_that_gitlab_would_not_give() -> None:
    with pytest.raises(UsageError) as caught:
        shard_of(Given({}, {}), _job("0", "2"))

    assert str(caught.value) == (
        "`CI_NODE_INDEX=0` of `CI_NODE_TOTAL=2` is not a shard such as 1/4: the first of four, "
        "as GitLab counts.\n"
        "  Fix: say which share is this machine's with `--shard I/N`, or `--shard 1/1` for all."
    )


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "a/b", "-1/2", "1/2/3"])
def test_what_is_no_shard(text: str) -> None:
    result = _call("run", *URL, "--shard", text)

    assert result.exit_code == 4
    assert result.stderr == (
        f"Error: `--shard {text}` is not a shard such as 1/4: the first of four.\n"
        "  Fix: give a shard such as 1/4: the first of four.\n"
    )


@pytest.mark.parametrize(
    ("shard", "lines"),
    [
        pytest.param(
            "1/2",
            [
                "tests/voice/a.yaml:1: a [smoke]",
                "tests/voice/c.yaml:1: c [smoke]",
                "2 scenarios would run",
                "shard 1 of 2 has 2 of 3 scenarios",
            ],
            id="the-first-half",
        ),
        pytest.param(
            "2/2",
            [
                "tests/voice/b.yaml:1: b [smoke]",
                "1 scenario would run",
                "shard 2 of 2 has 1 of 3 scenarios",
            ],
            id="the-second-half",
        ),
        pytest.param(
            "4/4",
            ["0 scenarios would run", "shard 4 of 4 has no scenario: there are 3"],
            id="more-shards-than-work",
        ),
    ],
)
def test_list_shows_the_share(shard: str, lines: list[str]) -> None:
    result = _call("run", "--list", "--shard", shard)

    assert (result.stdout.splitlines(), result.exit_code) == (lines, 0)


@pytest.mark.parametrize(
    ("shard", "part"),
    [
        pytest.param((), None, id="all-there-is"),
        pytest.param(("1/2",), Share((0, 2), 3), id="the-first-half"),
        pytest.param(("2/2",), Share((1,), 3), id="the-second-half"),
        pytest.param(("4/4",), Share((), 3), id="more-shards-than-work"),
    ],
)
def test_a_share_knows_where_its_scenarios_stand_among_all(
    shard: tuple[str, ...], part: Share | None
) -> None:
    """From which whoever merges has the order of one run, and knows that none is missing."""
    found = selected(Given({"shard": shard} if shard else {}, {}), [Path("tests/voice")])

    assert found.part == part


def test_list_shows_the_share_of_a_gitlab_job() -> None:
    result = _call("run", "--list", env=_job("2", "2", "voice 2/2"))

    assert result.stdout.splitlines()[-1] == "shard 2 of 2 has 1 of 3 scenarios"


def test_what_is_selected_is_divided_not_what_there_is() -> None:
    result = _call("run", "--list", "--shard", "1/2", "-k", "b")

    assert result.stdout.splitlines() == [
        "tests/voice/b.yaml:1: b [smoke]",
        "1 scenario would run",
        "shard 1 of 2 has 1 of 1 scenario",
    ]


def test_nothing_selected_is_exit_5_in_every_shard() -> None:
    for shard in ("1/2", "2/2"):
        assert _call("run", *URL, "-k", "nobody", "--shard", shard).exit_code == 5


@pytest.mark.parametrize("options", [[], ["-q"]])
def test_a_shard_without_work_passes_with_empty_reports(options: list[str]) -> None:
    result = _call("run", *URL, "--shard", "4/4", *options)

    assert (result.stderr, result.exit_code) == ("", 0)
    assert [line.partition(" in ")[0] for line in result.stdout.splitlines()] == [
        "shard 4 of 4 has no scenario: there are 3",
        "nothing was called",
        "Results: voice-test-results, JUnit: voice-test-results/junit.xml",
        "Page: voice-test-results/report.html",
    ]
    found = json.loads(Path("voice-test-results/results.json").read_text())
    assert (found["verdict"], found["exit_code"]) == ("passed", 0)
    assert (found["scenarios"], found["errors"]) == ([], [])
    assert found["shard"] == {"index": 4, "total": 4}
    assert found["share"] == {"places": [], "among": 3}
    junit = ET.parse("voice-test-results/junit.xml").getroot()
    assert junit.attrib["tests"] == "0"
    assert list(junit.iter("testcase")) == []


def test_a_share_of_which_nothing_can_be_played_is_exit_5() -> None:
    for name in ("a", "b", "c"):
        Path(f"tests/voice/{name}.yaml").write_text(SKIPPED.format(name))

    assert _call("run", *URL, "--shard", "1/2").exit_code == 5


def test_a_skipped_scenario_alone_makes_no_shard_fail() -> None:
    for name in ("a", "b"):
        Path(f"tests/voice/{name}.yaml").write_text(SKIPPED.format(name))
    shares = [_call("run", "--list", "--shard", f"{index}/3") for index in (1, 2, 3)]

    assert [share.exit_code for share in shares] == [0, 0, 0]
    assert [share.stdout.count("tests/voice/") for share in shares] == [3, 0, 0]


def test_an_error_says_whose_share_it_was() -> None:
    Path("tests/voice/a.yaml").write_text("name: a\nturns: [{user: No}]\n")

    assert _call("run", *URL, "--shard", "2/3").exit_code == 4
    found = json.loads(Path("voice-test-results/results.json").read_text())
    assert found["shard"] == {"index": 2, "total": 3}
