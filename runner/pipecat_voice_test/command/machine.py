"""What class of machine this is: only figures of one class are compared (M-31).

A class has to be the same for all machines that may get the job: GitHub and GitLab name and
number theirs anew each time, and change the make of their CPUs, so neither is part of it.

Sources: https://docs.github.com/actions/reference/workflows-and-actions/variables,
https://docs.gitlab.com/ci/runners/hosted_runners/linux/
"""

import platform
import re
from collections.abc import Mapping

from pipecat_voice_test.call.machine import cpus, quota_cpus

_HOSTED_BY_GITLAB = re.compile(r"\bsaas-[a-z0-9-]+")


def machine_class(environ: Mapping[str, str]) -> str:
    """Such as `linux x86_64, 2 CPUs` or `linux x86_64, 4 CPUs, github-hosted`."""
    quota = quota_cpus()
    count = float(cpus()) if quota is None else min(float(cpus()), quota)
    parts = [
        f"{platform.system().lower()} {platform.machine().lower()}",
        f"{count:g} CPU{'s' * (count != 1)}",
        _hosted(environ),
    ]
    return ", ".join(part for part in parts if part)


def _hosted(environ: Mapping[str, str]) -> str:
    if environ.get("GITHUB_ACTIONS") == "true":
        hosted = environ.get("RUNNER_ENVIRONMENT", "github-hosted") == "github-hosted"
        return "github-hosted" if hosted else "github self-hosted"
    if environ.get("GITLAB_CI") == "true":
        kind = _HOSTED_BY_GITLAB.search(environ.get("CI_RUNNER_DESCRIPTION", ""))
        return f"gitlab {kind[0]}" if kind else "gitlab self-managed"
    return ""
