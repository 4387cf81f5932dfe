"""The options of `run` and `demo`: what each is called, takes and means.

Every one may also be given in the environment, `PVT_REPEAT` for `--repeat`, repeatable ones one
a line, and in the scenario folder's `voice-test.yaml` (DESIGN 4).
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import click

T = TypeVar("T", covariant=True)

DEFAULT_PATH = "tests/voice"
PREFIX = "PVT_"
_MOST = 10_000  # Calls; more are a slip of the finger, and their list would fill the memory.
_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """What may be given: `read` answers None for anything else, `wanted` says it in words."""

    read: Callable[[str], T | None]
    wanted: str = ""


def whole(low: int, high: int) -> Kind[int]:
    def read(text: str) -> int | None:
        if not re.fullmatch(r"[0-9]{1,20}", text.strip(), re.ASCII):
            return None
        number = int(text)
        return number if low <= number <= high else None

    return Kind(read, f"a whole number from {low} to {high}")


def one_of(*words: str) -> Kind[str]:
    return Kind(lambda text: text if text in words else None, f"one of: {', '.join(words)}")


def _seconds(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _yes_or_no(text: str) -> bool | None:
    word = text.strip().lower()
    return True if word in _YES else False if word in _NO else None


SECONDS = Kind(_seconds, "a number of seconds above 0")
FLAG = Kind(_yes_or_no, "one of: true, false")
TEXT: Kind[str] = Kind(lambda text: text)


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One option; `name` is the long one without its dashes."""

    name: str
    kind: Kind[T]
    help: str
    default: str | None = None
    metavar: str = ""
    short: str = ""
    repeatable: bool = False

    @property
    def parameter(self) -> str:
        return self.name.replace("-", "_")

    @property
    def variables(self) -> tuple[str, ...]:
        """Names in the environment, the usual one first."""
        short = (PREFIX + self.short.lstrip("-").upper(),) if self.short else ()
        return (PREFIX + self.parameter.upper(), *short)

    def declared(self) -> Callable[[Any], Any]:
        """As click knows it. Values stay texts, for ours are checked from every source alike."""
        names = [*([self.short] if self.short else []), f"--{self.name}", self.parameter]
        if self.kind is FLAG:
            return click.option(*names, is_flag=True, default=False, help=self.help)
        return click.option(
            *names,
            metavar=self.metavar,
            default=self.default,
            multiple=self.repeatable,
            show_default=self.default is not None,
            help=self.help,
        )


BOT_COMMAND = Setting(
    "bot-command",
    TEXT,
    "Start this local command, with our environment; {port} in it becomes --bot-port if given, "
    "else a free port.",
    metavar="CMD",
)
BOT_URL = Setting("bot-url", TEXT, "Call a bot that already runs (ws://…, wss://…).", metavar="URL")
# Ways to reach a bot; exactly one is to be given.
LAUNCHERS: tuple[Setting[str], ...] = (BOT_COMMAND, BOT_URL)

BOT_PORT = Setting("bot-port", whole(1, 65535), "Port the bot listens on.", "7860", "N")
BOT_PATH = Setting("bot-path", TEXT, "Path of its media WebSocket.", "/ws", "PATH")
BOT_ENV = Setting(
    "bot-env",
    TEXT,
    "Set a variable for the bot; KEY alone passes ours on. Repeatable.",
    metavar="KEY=VALUE",
    repeatable=True,
)
START_TIMEOUT = Setting("start-timeout", SECONDS, "Seconds until the bot must listen.", "60", "S")
PROVIDER = Setting("provider", one_of("twilio"), "Wire profile: twilio.", "twilio", "NAME")
KEYWORD = Setting(
    "keyword",
    TEXT,
    'Only scenarios whose name fits, such as "hours and not noise".',
    metavar="EXPR",
    short="-k",
)
TAG = Setting("tag", TEXT, "Only scenarios with this tag. Repeatable.", None, "TAG", "", True)
LIST = Setting("list", FLAG, "Say what would run, and call nobody.")
REPEAT = Setting(
    "repeat",
    whole(1, _MOST),
    "Calls per scenario; pooled, never retried into a pass.",
    "1",
    "N",
)
WORKERS = Setting("workers", whole(1, _MOST), "Calls at once.", "1", "N")
FAIL_FAST = Setting("fail-fast", FLAG, "Stop after the first failed scenario.")
MAX_TIME = Setting(
    "max-time",
    SECONDS,
    "Seconds for the whole run; what was not reached is reported as not run.",
    "1800",
    "S",
)
SEED = Setting("seed", whole(0, 2**63 - 1), "Same seed, same audio.", "0", "N")
OUTPUT_DIR = Setting("output-dir", TEXT, "Folder for the results.", "voice-test-results", "DIR")
JUNIT_FAMILY = Setting(
    "junit-family",
    one_of("extended", "strict"),
    "strict validates against the Jenkins xUnit schema.",
    "extended",
    "extended|strict",
)
VERBOSE = Setting("verbose", FLAG, "Show every check of every call.", short="-v")
QUIET = Setting("quiet", FLAG, "Show only how the run ended.", short="-q")

# In the order of `--help`.
RUN_SETTINGS: tuple[Setting[Any], ...] = (
    *LAUNCHERS,
    BOT_PORT,
    BOT_PATH,
    BOT_ENV,
    START_TIMEOUT,
    PROVIDER,
    KEYWORD,
    TAG,
    LIST,
    REPEAT,
    WORKERS,
    FAIL_FAST,
    MAX_TIME,
    SEED,
    OUTPUT_DIR,
    JUNIT_FAMILY,
    VERBOSE,
    QUIET,
)
DEMO_SETTINGS = tuple(
    setting
    for setting in RUN_SETTINGS
    if setting not in (*LAUNCHERS, BOT_PORT, BOT_PATH, BOT_ENV, START_TIMEOUT, PROVIDER)
)
