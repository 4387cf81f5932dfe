"""Compose files as Compose prints them."""

import json
from typing import Any

from pipecat_voice_test.engine.compose.model import ComposeModel


def model(services: dict[str, Any], **parts: Any) -> ComposeModel:
    return ComposeModel.parse("compose.yaml", json.dumps({"services": services, **parts}))


def needs(*names: str, condition: str = "service_started") -> dict[str, Any]:
    return {name: {"condition": condition, "required": True} for name in names}
