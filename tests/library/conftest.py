"""Calls that take some seconds each are held while other tests run."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from library import calls, example, user_tests


class Held:
    """What came of them: calls at once, runs of pytest when they are over.

    Args:
        url: The demo bot's.
    """

    def __init__(self, pool: ThreadPoolExecutor, url: str, folders: pytest.TempPathFactory) -> None:
        self.calls = calls.hold(url, folders)
        self.user_tests: Future[user_tests.Ran] = pool.submit(user_tests.run, url, folders)
        self.example: Future[example.Done] = pool.submit(example.run, url)


@pytest.fixture(scope="session")
def held_meanwhile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    command = [sys.executable, "-m", "pipecat_voice_test.demo.bot", "--port", "0"]
    command += ["--reply-ms", "3000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bot:
        assert bot.stdout is not None
        url = bot.stdout.readline().split()[-1]
        with ThreadPoolExecutor(max_workers=1) as pool:
            yield Held(pool, url, tmp_path_factory)
        bot.terminate()
