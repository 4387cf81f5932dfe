"""A connection to the engine, and a registry, for tests of what we ask of them."""

from collections.abc import Iterator

import pytest
from pipecat_voice_test.engine.client import Engine

from engine.registry import Registry, registry


@pytest.fixture
def connected(engine: None) -> Iterator[Engine]:
    connected = Engine.connect()
    yield connected
    connected.close()


@pytest.fixture(scope="module")
def hub() -> Iterator[Registry]:
    with registry() as running:
        yield running
