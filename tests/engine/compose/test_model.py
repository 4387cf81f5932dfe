"""Which service of a Compose file is the bot, and what it depends on."""

from typing import Any

import pytest
from pipecat_voice_test.engine.compose.model import COMPLETED, HEALTHY
from pipecat_voice_test.errors import UsageError

from engine.compose.models import model, needs

BUILT = {"build": {"context": "/x"}}
PORT = {"ports": [{"target": 7860, "published": "80"}]}


@pytest.mark.parametrize(
    ("services", "wanted", "found"),
    [
        pytest.param({"a": {}, "b": {}}, "b", "b", id="the-one-that-was-named"),
        pytest.param({"a": {}}, None, "a", id="the-only-one"),
        pytest.param({"a": BUILT, "b": PORT}, None, "b", id="the-only-one-with-the-port"),
        pytest.param({"a": {}, "b": {"expose": ["7860"]}}, None, "b", id="or-that-exposes-it"),
        pytest.param({"a": BUILT, "b": {}}, None, "a", id="the-only-one-that-is-built"),
        pytest.param({"a": BUILT | PORT, "b": PORT}, None, "a", id="built-among-equal-ports"),
    ],
)
def test_which_service_is_the_bot(services: dict[str, Any], wanted: str | None, found: str) -> None:
    assert model(services).bot_service(wanted, 7860) == found


@pytest.mark.parametrize(
    ("services", "wanted", "message"),
    [
        pytest.param(
            {"bot": {}, "database": {}},
            "databse",
            "compose.yaml has no service `databse`.\n"
            "  Fix: did you mean `database`? There are `bot`, `database`.",
            id="misspelt",
        ),
        pytest.param(
            {"bot": {}, "database": {}},
            "zzz",
            "compose.yaml has no service `zzz`.\n  Fix: name one of its own: `bot`, `database`.",
            id="unlike-any",
        ),
        pytest.param(
            {},
            "bot",
            "compose.yaml has no services.\n  Fix: name another file.",
            id="no-services",
        ),
        pytest.param(
            {"a": BUILT, "b": BUILT},
            None,
            "compose.yaml does not say which of its services is the bot: none or several of them"
            " have port 7860 or a `build:`.\n"
            "  Fix: name it with `--bot-service`: `a`, `b`.",
            id="not-clear",
        ),
    ],
)
def test_no_service_is_the_bot(services: dict[str, Any], wanted: str | None, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        model(services).bot_service(wanted, 7860)

    assert str(caught.value) == message


def test_what_the_bot_depends_on_comes_after_it_each_once() -> None:
    services = {
        "other": {},
        "cache": {},
        "db": {},
        "migrate": {"depends_on": needs("db")},
        "bot": {"depends_on": needs("migrate", "db", "cache", "not-there")},
    }

    assert model(services).needed_by("bot") == ["bot", "migrate", "db", "cache"]


def test_what_is_waited_for() -> None:
    services = {
        "bot": {"depends_on": needs("db", condition=HEALTHY)},
        "job": {"depends_on": needs("seed", condition=COMPLETED)},
        "db": {},
        "seed": {},
    }
    found = model(services)

    assert found.is_awaited("db", HEALTHY, ["bot", "db"])
    assert not found.is_awaited("db", COMPLETED, ["bot", "db"])
    assert not found.is_awaited("seed", COMPLETED, ["bot", "db"])


def test_what_is_built_leaves_out_who_may_stay_away() -> None:
    services = {"bot": {**BUILT, "profiles": ["x"]}, "db": {}, "job": BUILT}
    services["debug"] = {**BUILT, "profiles": ["debug"]}

    assert list(model(services).built(["bot", "db", "job", "debug"])) == ["bot", "job"]
