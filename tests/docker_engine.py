"""A real container engine for tests, and nothing left on it afterwards.

`.ci/run` starts one; where none answers, tests that need it are skipped, which CI counts as
failed.
"""

import shutil
import subprocess

BASE_IMAGE = "python:3.13-slim"


def docker(*words: str, check: bool = True, timeout_s: float = 120.0) -> str:
    """What the `docker` command prints; the error is what it complained about."""
    result = subprocess.run(
        ["docker", *words], capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if check and result.returncode:
        raise AssertionError(f"docker {' '.join(words)}: {result.stderr or result.stdout}")
    return result.stdout.strip()


def missing() -> str:
    """Why no engine can be used here, or nothing."""
    if shutil.which("docker") is None:
        return "the docker command is not installed"
    try:
        docker("version", "--format", "{{.Server.Version}}", timeout_s=10.0)
        docker("image", "inspect", BASE_IMAGE, timeout_s=10.0)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return f"no container engine with {BASE_IMAGE}: {error}"
    return ""
