"""The tests of examples/library, as users run them."""

import os
import subprocess
import sys
from pathlib import Path

from again import until_judged

FOLDER = Path(__file__).parents[2] / "examples" / "library"
Done = subprocess.CompletedProcess[str]


def run(url: str) -> Done:
    """What came of them against a bot."""
    return until_judged(lambda: run_once(url), lambda done: "inconclusive" in done.stdout)


def run_once(url: str) -> Done:
    """Its tests side by side, as each holds a call of some seconds."""
    command = [sys.executable, "-m", "pytest", "-p", "xdist.plugin", "-n", "3"]
    command += ["-p", "pipecat_voice_test.library.plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "--rootdir", ".", "-c", "/dev/null", "test_bot.py"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"BOT_URL": url, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
