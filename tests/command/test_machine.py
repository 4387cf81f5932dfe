"""A class of machines is the same for all that may get the job: M-31."""

import platform

import pytest
from pipecat_voice_test.command import machine


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(machine, "cpus", lambda: 4)
    monkeypatch.setattr(machine, "quota_cpus", lambda: None)


@pytest.mark.parametrize(
    ("environ", "hosted"),
    [
        pytest.param({}, "", id="a-laptop"),
        pytest.param(
            {
                "GITHUB_ACTIONS": "true",
                "RUNNER_ENVIRONMENT": "github-hosted",
                "RUNNER_NAME": "GitHub Actions 12",
            },
            ", github-hosted",
            id="github",
        ),
        pytest.param(
            {
                "GITHUB_ACTIONS": "true",
                "RUNNER_ENVIRONMENT": "self-hosted",
                "RUNNER_NAME": "rack-3",
            },
            ", github self-hosted",
            id="a-machine-of-their-own-on-github",
        ),
        pytest.param(
            {
                "GITLAB_CI": "true",
                "CI_RUNNER_DESCRIPTION": (
                    "3-green.saas-linux-small-amd64.runners-manager.gitlab.com/default"
                ),
            },
            ", gitlab saas-linux-small-amd64",
            id="gitlab",
        ),
        pytest.param(
            {"GITLAB_CI": "true", "CI_RUNNER_DESCRIPTION": "docker on rack 3"},
            ", gitlab self-managed",
            id="a-machine-of-their-own-on-gitlab",
        ),
    ],
)
def test_who_hosts_it_counts_and_its_name_does_not(environ: dict[str, str], hosted: str) -> None:
    assert machine.machine_class(environ) == f"linux x86_64, 4 CPUs{hosted}"


@pytest.mark.parametrize(
    ("cpus", "quota", "said"),
    [
        pytest.param(1, None, "1 CPU", id="one"),
        pytest.param(8, 2.0, "2 CPUs", id="a-quota"),
        pytest.param(8, 1.5, "1.5 CPUs", id="a-quota-of-one-and-a-half"),
        pytest.param(2, 16.0, "2 CPUs", id="a-quota-above-what-there-is"),
    ],
)
def test_cpus_are_those_that_may_be_used(
    cpus: int, quota: float | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cpus", lambda: cpus)
    monkeypatch.setattr(machine, "quota_cpus", lambda: quota)

    assert machine.machine_class({}) == f"linux x86_64, {said}"
