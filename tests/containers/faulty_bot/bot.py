"""A phone bot with a container's faults: `bot.py WAY [WORDS…]`.

On the phone it is the embedded demo bot, whose own faults may be among the words.
"""

import os
import signal
import subprocess
import sys
import time

MEGABYTE = 1_000_000

# What a CI system would obey, and what would act on a terminal.
SHOUTS = (
    "::set-output name=result::passed",
    "  ::error file=bot.py,line=1::a line of the bot's",
    "::add-mask::a",
    "##[error]a line of the bot's",
    "\x1b[2J\x1b[1;31mred\x1b[0m \x1b]0;title\x07\rover",
)


def demo_bot(*words: str, host: str = "0.0.0.0", port: str = "7860") -> list[str]:
    program = [sys.executable, "-m", "pipecat_voice_test.demo.bot"]
    return [*program, "--host", host, "--port", port, *words]


def serve(*words: str, host: str = "0.0.0.0", port: str = "7860") -> None:
    sys.stdout.flush()
    os.execv(sys.executable, demo_bot(*words, host=host, port=port))


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def eat() -> None:
    held = []
    while True:
        held.append(b"x" * MEGABYTE)


def flood(megabytes: int) -> None:
    line = "a line of no interest, of which there are a great many more\n"
    piece = (line * 2000).encode()
    for _ in range(megabytes * MEGABYTE // len(piece) + 1):
        sys.stdout.buffer.write(piece)


def try_to_write(*folders: str) -> None:
    for folder in folders:
        try:
            with open(f"{folder}/file", "w") as file:  # noqa: PTH123 - starts in no time
                file.write("x")
            say(f"{folder}: written by {os.getuid()}")
        except OSError as error:
            say(f"{folder}: {error.strerror}")


def main(way: str, *words: str) -> None:
    """Go wrong that way."""
    match way:
        case "serves":
            serve(*words)
        case "exits":
            say("I cannot work like this.")
            time.sleep(float(words[1]))
            sys.exit(int(words[0]))
        case "eats":
            eat()
        case "floods":
            flood(int(words[0]))
            subprocess.Popen([sys.executable, __file__, "floods-on", words[0]])
            serve(*words[1:])
        case "floods-on":
            flood(int(words[0]))
        case "shouts":
            say(*SHOUTS)
            serve(*words)
        case "shouts-and-exits":
            say(*SHOUTS)
            sys.exit(3)
        case "ignores-sigterm":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            subprocess.call(demo_bot(*words))
        case "writes":
            try_to_write("/tmp", "/var/tmp", "/dev/shm")
            serve(*words)
        case "sleeps":
            say("Loading models.")
            time.sleep(3600)
        case "listens-at":
            serve(host=words[0], port=words[1])
        case "says-who":
            say(f"I am {os.uname().nodename}.")
            serve(*words)
        case _:
            sys.exit(f"no such way: {way}")


if __name__ == "__main__":
    main(*sys.argv[1:])
