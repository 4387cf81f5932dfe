"""The credentials a bot is given: dummies, unless it was given others; real ones are refused.

A stock bot does not start a call without any (P-52), and one that had real ones could hang up
real calls over the internet while it is tested.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.bot.command import DUMMY_AUTH_TOKEN
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.protocol.identity import run_account_sid

ACCOUNT, TOKEN = "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"
TELNYX_KEY = "TELNYX_API_KEY"
PLIVO_ID, PLIVO_TOKEN = "PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN"
DUMMY_TELNYX_KEY = f"KEY{'0' * 32}_{'0' * 22}"
DUMMY_PLIVO_TOKEN = "0" * 40

# What real ones look like, by the name of the variable.
_REAL = (
    (re.compile(r"TWILIO_.*"), re.compile(r"(?:AC|SK)?[0-9a-fA-F]{32}")),
    (re.compile(r"TWILIO_.*SECRET"), re.compile(r"[0-9a-zA-Z]{32}")),
    (re.compile(r"TELNYX_.*"), re.compile(r"KEY[0-9a-zA-Z]{32}_[0-9a-zA-Z]{20,}")),
    (re.compile(r"PLIVO_.*ID"), re.compile(r"[MS]A[0-9A-Z]{18}")),
    (re.compile(r"PLIVO_.*TOKEN"), re.compile(r"[0-9a-zA-Z+/=]{40}")),
)
_PREFIX = re.compile(r"AC|SK|MA|SA|KEY")
# Nobody is given one of so few different letters, such as 000… or deadbeef….
_FEW_LETTERS = 5


@dataclass(frozen=True, slots=True)
class Keys:
    """What a bot is given.

    Attributes:
        account_sid, auth_token: Twilio's, if `env` has no others.
        env: All else that goes into its environment.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    env: Mapping[str, str] = field(repr=False)

    def get(self, name: str) -> str:
        """The value of a variable in the bot's environment, as far as it is ours to say."""
        return {ACCOUNT: self.account_sid, TOKEN: self.auth_token, **self.env}.get(name, "")


def keys_of(given: Given, env: Mapping[str, str]) -> Keys:
    """What the bot is given; `env` is what `--bot-env` sets.

    Raises:
        UsageError: Something in it looks real.
    """
    seed, provider = given.need(options.SEED), given.need(options.PROVIDER)
    token = given(options.AUTH_TOKEN) or DUMMY_AUTH_TOKEN
    if not given.flag(options.ALLOW_REAL_CREDENTIALS):
        own = {run_account_sid(seed, name) for name in ("twilio", "plivo")}
        for name, value in env.items():
            if value not in own and looks_real(name, value):
                raise _refused(f"{name} of `--{options.BOT_ENV.name}`")
        if TOKEN not in env and looks_real(TOKEN, token):
            raise _refused(f"`--{options.AUTH_TOKEN.name}`, which the bot is given as well,")
    return Keys(run_account_sid(seed), token, {**dummies(provider, seed), **env})


def dummies(provider: str, seed: int) -> dict[str, str]:
    """What bots of other networks than Twilio's want to find."""
    match provider:
        case "telnyx":
            return {TELNYX_KEY: DUMMY_TELNYX_KEY}
        case "plivo":
            return {PLIVO_ID: run_account_sid(seed, "plivo"), PLIVO_TOKEN: DUMMY_PLIVO_TOKEN}
        case _:
            return {}


def looks_real(name: str, value: str) -> bool:
    """Whether a variable holds what its name says, and no dummy."""
    fits = any(names.fullmatch(name) and values.fullmatch(value) for names, values in _REAL)
    return fits and len(set(_PREFIX.sub("", value, count=1).lower())) > _FEW_LETTERS


def _refused(what: str) -> UsageError:
    return UsageError(
        f"{what} looks like a real credential, with which a bot could end real calls.",
        fix="leave it out, and the bot is given a dummy; or give one that cannot be mistaken,\n"
        f"such as {DUMMY_AUTH_TOKEN};\n"
        f"or say `--{options.ALLOW_REAL_CREDENTIALS.name}` if the bot needs it.",
    )
