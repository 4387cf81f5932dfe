"""An image is there, or pulled, or missed for a reason that says what to do."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker_engine import BASE_IMAGE, docker
from pipecat_voice_test.engine.client import Engine
from pipecat_voice_test.engine.images import image
from pipecat_voice_test.engine.images.image import ensure_image
from pipecat_voice_test.errors import ImageError

from engine.registry import Registry

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]


@pytest.fixture
def pulled(hub: Registry) -> Iterator[str]:
    """An image that is only in the registry at first."""
    name = f"{hub.address}/token/tiny"
    yield name
    docker("image", "rm", name, check=False)


def quiet(_: str) -> None:
    pass


def refusal(engine: Engine, name: str, pull: str = "missing") -> str:
    with pytest.raises(ImageError) as caught:
        ensure_image(engine, name, pull, quiet)
    return str(caught.value)


def test_an_image_that_is_there_is_not_pulled(connected: Engine) -> None:
    told: list[str] = []

    found = ensure_image(connected, BASE_IMAGE, "missing", told.append)

    assert found == docker("image", "inspect", BASE_IMAGE, "--format", "{{.Id}}")
    assert ensure_image(connected, found, "never", told.append) == found
    assert told == []


def test_an_image_that_is_missing_is_pulled_by_layers(
    connected: Engine, hub: Registry, pulled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "TELL_EVERY_S", 0.0)
    told: list[str] = []

    found = ensure_image(connected, pulled, "missing", told.append)

    assert found == docker("image", "inspect", pulled, "--format", "{{.Id}}")
    assert told[0] == f"pulling {pulled}"
    assert told[-1] == f"pulling {pulled}: 3 of 3 layers"
    assert docker("images", "--quiet", f"{hub.address}/token/tiny").count("\n") == 0  # One tag.


def test_always_asks_the_registry_again(connected: Engine, hub: Registry, pulled: str) -> None:
    ensure_image(connected, pulled, "missing", quiet)
    asked = len(hub.asked)

    ensure_image(connected, pulled, "missing", quiet)
    assert len(hub.asked) == asked

    ensure_image(connected, pulled, "always", quiet)
    assert len(hub.asked) > asked


def test_never_asks_no_registry(connected: Engine, hub: Registry) -> None:
    asked = len(hub.asked)

    message = refusal(connected, f"{hub.address}/never/asked", "never")

    assert message == (
        f"the image {hub.address}/never/asked is not there, and `--bot-pull never` forbids to pull"
        " it.\n"
        f"  Fix: build it first (`docker build -t {hub.address}/never/asked .`), or give its folder"
        " as\n"
        "       `--bot-build`; or say `--bot-pull missing`."
    )
    assert len(hub.asked) == asked


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param(
            "{hub}/gone/bot",
            "the image {hub}/gone/bot cannot be used: the registry has no such image or tag.\n"
            "  Fix: check name and tag: `docker pull {hub}/gone/bot` must work.\n"
            "  name unknown",
            id="no-such-name",
        ),
        pytest.param(
            "{hub}/plain/bot:v9",
            "the image {hub}/plain/bot:v9 cannot be used: the registry has no such image or tag.\n"
            "  Fix: check name and tag: `docker pull {hub}/plain/bot:v9` must work.\n"
            "  manifest unknown",
            id="no-such-tag",
        ),
        pytest.param(
            "{hub}/locked/bot",
            "the image {hub}/locked/bot cannot be used: the registry asks who we are.\n"
            "  Fix: `docker login {hub}` and `docker pull {hub}/locked/bot` in a step before.\n"
            "  unauthorized",
            id="unauthorised",
        ),
        pytest.param(
            "{hub}/busy/bot",
            "the image {hub}/busy/bot cannot be used: the registry allows no more pulls for now.\n"
            "  Fix: `docker login` with an account that may pull more, or pull through a mirror,\n"
            "       or have the image there before the run and say `--bot-pull missing`.\n"
            "  toomanyrequests: You have reached your pull rate limit.",
            id="rate-limit",
        ),
        pytest.param(
            "127.0.0.1:1/shop/bot:ci",
            "the image 127.0.0.1:1/shop/bot:ci cannot be used: the registry could not be"
            " reached.\n"
            "  Fix: build the image first (`docker build -t 127.0.0.1:1/shop/bot:ci .`),"
            " or give its folder as `--bot-build`;\n"
            "       or check the name (127.0.0.1:1 was asked) and the engine's network and proxy.\n"
            '  Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
            id="unreachable",
        ),
        pytest.param(
            "Shop/Bot",
            "the image Shop/Bot cannot be used: that is no name of an image.\n"
            "  Fix: say it as `docker run` would take it, in lower case: `name:tag`.\n"
            "  no such image: Shop/Bot: invalid reference format: repository name must be"
            " lowercase",
            id="no-name",
        ),
    ],
)
def test_an_image_that_cannot_be_had(
    name: str, message: str, connected: Engine, hub: Registry
) -> None:
    name, message = (text.format(hub=hub.address) for text in (name, message))

    assert refusal(connected, name) == message


def test_who_has_logged_in_may_pull_what_is_locked(
    hub: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{hub.address}/locked/bot"
    secret = base64.b64encode(b"user:password").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {hub.address: {"auth": secret}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    connected = Engine.connect()

    found = ensure_image(connected, name, "missing", quiet)

    assert found == docker("image", "inspect", name, "--format", "{{.Id}}")
    docker("image", "rm", name)
    connected.close()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        pytest.param(
            "pull access denied for shop/bot, repository does not exist or may require"
            " 'docker login': denied: requested access to the resource is denied",
            "there is no such image, or we may not pull it",
            id="docker-hub",
        ),
        pytest.param(
            'Head "https://ghcr.io/v2/o/b/manifests/x": unauthorized', "who we are", id="ghcr"
        ),
        pytest.param(
            'Head "https://ghcr.io/v2/o/b/manifests/x": denied', "who we are", id="denied"
        ),
        pytest.param("no basic auth credentials", "who we are", id="ecr"),
        pytest.param(
            "no matching manifest for linux/arm64/v8 in the manifest list entries",
            "for other processors only",
            id="platform",
        ),
        pytest.param(
            "failed to register layer: write /a: no space left on device", "disk is full", id="disk"
        ),
        pytest.param(
            'Get "https://r.test/v2/": x509: certificate signed by unknown authority',
            "does not trust",
            id="certificate",
        ),
        pytest.param(
            'Get "https://r.test/v2/": net/http: TLS handshake timeout', "not be reached", id="slow"
        ),
        pytest.param("a new complaint", "the engine could not pull it", id="anything-else"),
    ],
)
def test_reasons_are_known_by_the_words_of_engines(words: str, reason: str) -> None:
    assert reason in image.refused("shop/bot", words).what


class NobodyListens(Exception):
    pass


def test_a_pull_ends_when_nobody_wants_to_hear_of_it(
    connected: Engine, hub: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "TELL_EVERY_S", 0.0)

    def tell(text: str) -> None:
        if "layers" in text:
            raise NobodyListens

    began = time.monotonic()
    with pytest.raises(NobodyListens):
        ensure_image(connected, f"{hub.address}/slow/bot", "missing", tell)

    assert time.monotonic() - began < hub.SLOW_S
    hub.hurry.set()
    assert docker("images", "--quiet", f"{hub.address}/slow/bot") == ""
