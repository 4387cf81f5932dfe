"""A call to test with, and the messages a bot may send in it."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from pipecat_voice_test.protocol.identity import CallIdentity
from pipecat_voice_test.protocol.twilio import TwilioWire
from pipecat_voice_test.protocol.virtual_call import VirtualCall
from pipecat_voice_test.protocol.wire import Data

IDENTITY = CallIdentity("AC" + "a" * 32, "CA" + "c" * 32, "MZ" + "e" * 32)
SID = IDENTITY.stream_sid


def wire(**options: Any) -> TwilioWire:
    return TwilioWire(IDENTITY, **{"parameters": {}, **options})


def running_call(**options: Any) -> VirtualCall:
    """A call whose opening messages have been sent."""
    call = VirtualCall(wire(), **options)
    call.start()
    call.messages_to_send()
    return call


def media(ulaw: bytes, **fields: Any) -> str:
    payload = base64.b64encode(ulaw).decode()
    return json.dumps({"event": "media", "streamSid": SID, "media": {"payload": payload}} | fields)


def mark(name: str, **fields: Any) -> str:
    return json.dumps({"event": "mark", "streamSid": SID, "mark": {"name": name}} | fields)


def clear(**fields: Any) -> str:
    return json.dumps({"event": "clear", "streamSid": SID} | fields)


def marks_in(texts: Sequence[Data]) -> list[str]:
    """The names of the marks among messages to the bot, in order."""
    messages = [json.loads(text) for text in texts]
    return [message["mark"]["name"] for message in messages if message["event"] == "mark"]
