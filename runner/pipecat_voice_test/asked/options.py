"""The options of `run` and `demo`: what each is called, takes and means.

Every one may also be given in the environment, `PVT_REPEAT` for `--repeat`, repeatable ones one
a line, and in the scenario folder's `voice-test.yaml` (DESIGN 4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import click

from pipecat_voice_test.asked.kinds import (
    FLAG,
    MOST,
    NUMBER,
    SECONDS,
    SHARD_OF,
    SIZE,
    TEXT,
    Kind,
    one_of,
    whole,
)
from pipecat_voice_test.doors.providers import PROVIDERS

T = TypeVar("T", covariant=True)

DEFAULT_PATH = "tests/voice"
PREFIX = "PVT_"


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


BOT_IMAGE = Setting("bot-image", TEXT, "Start this image.", metavar="NAME")
BOT_BUILD = Setting("bot-build", TEXT, "Build this folder, then start it.", metavar="DIR")
BOT_COMPOSE = Setting(
    "bot-compose",
    TEXT,
    "Start a service of this Compose file, and what it depends on.",
    metavar="FILE",
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
LAUNCHERS: tuple[Setting[str], ...] = (BOT_IMAGE, BOT_BUILD, BOT_COMPOSE, BOT_COMMAND, BOT_URL)

BOT_SERVICE = Setting(
    "bot-service", TEXT, "Which service of the Compose file is the bot.", metavar="NAME"
)
BOT_DOCKERFILE = Setting(
    "bot-dockerfile", TEXT, "Dockerfile of --bot-build, seen from its DIR.", metavar="FILE"
)
BOT_PULL = Setting(
    "bot-pull",
    one_of("missing", "always", "never"),
    "When to pull the image of --bot-image.",
    "missing",
    "missing|always|never",
)
BOT_ARGS = Setting(
    "bot-args", TEXT, "Arguments for the container, in place of the image's CMD.", metavar="ARGS"
)
BOT_USER = Setting("bot-user", TEXT, "User in the container, if not the image's.", None, "USER")
BOT_MEMORY = Setting("bot-memory", SIZE, "Memory the container may use.", "4g", "SIZE")
BOT_CPUS = Setting("bot-cpus", NUMBER, "CPUs the container may use.", "2", "N")
BOT_PIDS = Setting(
    "bot-pids", whole(1, 1_000_000), "Processes and threads the container may have.", "512", "N"
)
BOT_READ_ONLY = Setting(
    "bot-read-only", FLAG, "Let the container write nowhere but to a /tmp of its own."
)
BOT_CAP_ADD = Setting(
    "bot-cap-add",
    TEXT,
    "A capability the container keeps, such as SETUID; all others are dropped. Repeatable.",
    metavar="NAME",
    repeatable=True,
)
BOT_ADD_HOST = Setting(
    "bot-add-host",
    TEXT,
    "A host name the container knows, such as host.docker.internal:host-gateway. Repeatable.",
    metavar="NAME:IP",
    repeatable=True,
)
BOT_NETWORK = Setting(
    "bot-network", TEXT, "Network the container joins, to reach what runs there.", None, "NAME"
)
FRESH_BOT = Setting("fresh-bot", FLAG, "Start the bot anew for every call.")
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
PROVIDER = Setting(
    "provider",
    one_of(*PROVIDERS),
    f"Wire profile: {', '.join(PROVIDERS)}.",
    "twilio",
    "NAME",
)
BOT_TRANSPORT = Setting(
    "bot-transport",
    one_of("websocket", "webrtc"),
    "What the call travels over; webrtc needs the extra of that name.",
    "websocket",
    "websocket|webrtc",
)
AUDIO_FORMAT = Setting(
    "audio-format",
    one_of("mulaw", "alaw", "l16"),
    "How audio is coded on the wire, if not as the provider usually does.",
    metavar="mulaw|alaw|l16",
)
SAMPLE_RATE = Setting(
    "sample-rate",
    whole(8000, 48000),
    "Sample rate on the wire, if not the provider's usual one.",
    metavar="HZ",
)
BOT_WEBHOOK = Setting(
    "bot-webhook",
    TEXT,
    "Ask this path of the bot, or address, for call instructions, as Twilio does.",
    metavar="PATH",
)
BOT_START = Setting(
    "bot-start",
    TEXT,
    "Ask this path of the bot, or address, where to call, as Pipecat's /start.",
    metavar="PATH",
)
ADDRESS_MAP = Setting(
    "address-map",
    TEXT,
    "Where stream addresses in call instructions lead: keep, or scheme, host and port; "
    "else to the bot.",
    metavar="ADDRESS",
)
KEEP_QUERY = Setting(
    "keep-query", FLAG, "Keep the query string of such an address, which the network drops."
)
AUTH_TOKEN = Setting(
    "auth-token",
    TEXT,
    "Sign requests with this token, if not with the bot's own TWILIO_AUTH_TOKEN.",
    metavar="TOKEN",
)
SIGNATURE_URL = Setting(
    "signature-url", TEXT, "Address that the signature of the upgrade is made of.", metavar="URL"
)
CALL_API = Setting(
    "call-api",
    one_of("auto", "on", "off"),
    "Play the provider's call API, so that the bot can hang up over HTTP.",
    "auto",
    "auto|on|off",
)
ALLOW_REAL_CREDENTIALS = Setting(
    "allow-real-credentials", FLAG, "Let the bot have credentials that look real."
)
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
    whole(1, MOST),
    "Calls per scenario; pooled, never retried into a pass.",
    "1",
    "N",
)
WORKERS = Setting("workers", whole(1, MOST), "Calls at once.", "1", "N")
SHARD = Setting(
    "shard",
    SHARD_OF,
    "Run this share of the scenarios only; found by itself under GitLab's `parallel:`.",
    metavar="I/N",
)
FAIL_FAST = Setting("fail-fast", FLAG, "Stop after the first failed scenario.")
MAX_TIME = Setting(
    "max-time",
    SECONDS,
    "Seconds for the whole run; what was not reached is reported as not run.",
    "1800",
    "S",
)
SEED = Setting("seed", whole(0, 2**63 - 1), "Same seed, same audio.", "0", "N")
BASELINE = Setting(
    "baseline",
    TEXT,
    "Compare with the results.json of an earlier run, and fail on regression.",
    metavar="FILE",
)
OUTPUT_DIR = Setting("output-dir", TEXT, "Folder for the results.", "voice-test-results", "DIR")
JUNIT_FAMILY = Setting(
    "junit-family",
    one_of("extended", "strict"),
    "strict validates against the Jenkins xUnit schema.",
    "extended",
    "extended|strict",
)
REPORT_AUDIO = Setting(
    "report-audio",
    one_of("all", "failed", "none"),
    "Calls whose recordings the page carries inside, the failed ones first.",
    "all",
    "all|failed|none",
)
REPORT_MB = Setting(
    "report-mb",
    whole(1, 1000),
    "Size of the page in MB up to which recordings go into it; past it they are linked.",
    "20",
    "MB",
)
VERBOSE = Setting("verbose", FLAG, "Show every check of every call.", short="-v")
QUIET = Setting("quiet", FLAG, "Show only how the run ended.", short="-q")

# What only a container has.
IMAGE_SETTINGS: tuple[Setting[Any], ...] = (
    BOT_ARGS,
    BOT_USER,
    BOT_MEMORY,
    BOT_CPUS,
    BOT_PIDS,
    BOT_READ_ONLY,
    BOT_CAP_ADD,
    BOT_ADD_HOST,
    BOT_NETWORK,
)
# By which door callers come in.
ENTRANCE_SETTINGS: tuple[Setting[Any], ...] = (
    PROVIDER,
    BOT_TRANSPORT,
    AUDIO_FORMAT,
    SAMPLE_RATE,
    BOT_WEBHOOK,
    BOT_START,
    ADDRESS_MAP,
    KEEP_QUERY,
    AUTH_TOKEN,
    SIGNATURE_URL,
    CALL_API,
    ALLOW_REAL_CREDENTIALS,
)
BOT_SETTINGS: tuple[Setting[Any], ...] = (
    *LAUNCHERS,
    BOT_SERVICE,
    BOT_PORT,
    BOT_PATH,
    BOT_ENV,
    START_TIMEOUT,
    FRESH_BOT,
    BOT_DOCKERFILE,
    BOT_PULL,
    *IMAGE_SETTINGS,
    *ENTRANCE_SETTINGS,
)
# In the order of `--help`.
RUN_SETTINGS: tuple[Setting[Any], ...] = (
    *BOT_SETTINGS,
    KEYWORD,
    TAG,
    LIST,
    REPEAT,
    WORKERS,
    SHARD,
    FAIL_FAST,
    MAX_TIME,
    SEED,
    BASELINE,
    OUTPUT_DIR,
    JUNIT_FAMILY,
    REPORT_AUDIO,
    REPORT_MB,
    VERBOSE,
    QUIET,
)
REPORT_SETTINGS: tuple[Setting[Any], ...] = (JUNIT_FAMILY, REPORT_AUDIO, REPORT_MB)
MERGE_SETTINGS: tuple[Setting[Any], ...] = (
    OUTPUT_DIR,
    JUNIT_FAMILY,
    REPORT_AUDIO,
    REPORT_MB,
)
DEMO_SETTINGS = tuple(setting for setting in RUN_SETTINGS if setting not in BOT_SETTINGS)
