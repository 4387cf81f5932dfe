"""A container engine in a container: what `docker:dind` is to a GitLab job."""

from functools import cache
from pathlib import Path

from docker_engine import BASE_IMAGE, docker
from images import built

# What such an engine needs where `--privileged` is refused.
_NEARLY_PRIVILEGED = (
    *("--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE"),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
    *("--security-opt", "systempaths=unconfined"),
    *("--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "--cgroupns", "host"),
)


def image() -> str:
    return built("pvt-test-dind", Path(__file__).parent)


@cache
def privileges() -> tuple[str, ...]:
    """Options of `docker run` with which an engine can run in a container here."""
    try:
        docker("run", "--rm", "--privileged", BASE_IMAGE, "true")
    except AssertionError:
        return _NEARLY_PRIVILEGED
    return ("--privileged",)
