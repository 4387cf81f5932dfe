"""A runner in small: puts a bot up, asks it something, and leaves, or stays until it is killed.

    python guest.py leave|stay NETWORK

It says on one line, as JSON, how that went.
"""

import json
import logging
import random
import sys
import time
import urllib.error
import urllib.request

from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.places.lodging import Lodging

PORT = random.randint(20000, 30000)  # In the machine's own network there are others.
BOT = ["python", "-m", "http.server", str(PORT)]


def answer(host: str, port: int) -> int | str:
    """The status of the bot's answer, or why there was none."""
    last = "not asked"
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"http://{host}:{port}/", timeout=5) as response:
                return int(response.status)
        except (urllib.error.URLError, OSError) as error:
            last = str(error)
            time.sleep(0.05)
    return last


def main(then: str, network: str = "") -> None:
    """Do it."""
    logging.basicConfig(format="%(message)s")
    engine = Engine.connect()
    lodging = Lodging.prepare(engine, network or None)
    try:
        options = lodging.create_options(PORT)
        bot = engine.client.containers.create("python:3.13-slim", BOT, **options)
        bot.start()
        bot.reload()
        host, port = lodging.address(bot.attrs, PORT)
        home = lodging.surroundings.home
        said = {
            "run": lodging.run_id,
            "home": home and home.id,
            "host": host,
            "answer": answer(host, port),
            "bot_networks": sorted(bot.attrs["NetworkSettings"]["Networks"]),
        }
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        if then == "stay":
            time.sleep(600)
    finally:
        lodging.tidy_up()


if __name__ == "__main__":
    main(*sys.argv[1:])
