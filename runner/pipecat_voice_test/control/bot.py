"""The control bot: what it does is known to the millisecond (METRICS 7, self-test).

It speaks as soon as it is called, a steady tone. 200 ms after the caller begins to speak it falls
silent, and 300 ms after the caller's last loud sample it speaks again.

It shares nothing with the rest of the program, which is to measure it: not the process, so that
what stalls us does not stall it, not the event loop, not the WebSocket library, not the codec.
It is started as a script, on a socket that listens already, and serves one call.
"""

import base64
import contextlib
import hashlib
import json
import math
import socket
import struct
import sys
import time

ANSWERS_AFTER_S = 0.300
STOPS_AFTER_S = 0.200
FRAME_S = 0.020
SAMPLES_PER_S = 8000
GIVES_UP_S = 30.0
LOUD = 0x40  # Of the 127 steps of μ-law: 6 % of full scale.
_TEXT, _CLOSE = 0x1, 0x8
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def mu_law(sample: int) -> int:
    """One 16-bit sample as G.711 writes it: sign, segment, step; all bits inverted."""
    sign, size = (0x80, -sample) if sample < 0 else (0, sample)
    size = min(size, 32635) + 132
    segment = size.bit_length() - 8
    return ~(sign | segment << 4 | size >> (segment + 3) & 0x0F) & 0xFF


def tone(for_s: float) -> str:
    """A steady tone as the payload of a message."""
    period = bytes(mu_law(round(8000 * math.sin(math.pi * n / 8))) for n in range(16))
    return base64.b64encode(period * round(for_s * SAMPLES_PER_S / 16)).decode()


class Line:
    """The server's side of one WebSocket connection, text frames only."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def accept(self) -> None:
        """Read the request for an upgrade and grant it."""
        while b"\r\n\r\n" not in self._buffer:
            self._read()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        digest = base64.b64encode(hashlib.sha1(fields[b"Sec-WebSocket-Key"] + _GUID).digest())
        self._connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + digest + b"\r\n\r\n"
        )

    def say(self, message: dict[str, object]) -> None:
        """Send one message."""
        text = json.dumps(message).encode()
        self._connection.sendall(struct.pack("!BBQ", 0x80 | _TEXT, 127, len(text)) + text)

    def hear(self, until_s: float) -> bytes | None:
        """The next message; None if none came by `until_s`."""
        while (message := self._message()) is None:
            self._connection.settimeout(max(1e-4, until_s - time.monotonic()))
            try:
                self._read()
            except TimeoutError:
                return None
        return message

    def _read(self) -> None:
        data = self._connection.recv(65536)
        if not data:
            raise ConnectionError
        self._buffer += data

    def _message(self) -> bytes | None:
        if len(self._buffer) < 8:
            return None
        length, begin = self._buffer[1] & 0x7F, 6
        if length == 126:
            (length,), begin = struct.unpack_from("!H", self._buffer, 2), 8
        if len(self._buffer) < begin + length:
            return None
        if self._buffer[0] & 0x0F == _CLOSE:
            self._connection.sendall(bytes([0x80 | _CLOSE, 0]))
            raise ConnectionError
        mask, payload = self._buffer[begin - 4 : begin], self._buffer[begin : begin + length]
        self._buffer = self._buffer[begin + length :]
        return bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))


def serve(line: Line) -> None:
    """One call, from its first message to its end."""
    line.accept()
    stream_sid = ""
    stops_s = answers_s = math.inf
    has_heard = False
    while True:
        text = line.hear(min(stops_s, answers_s, time.monotonic() + GIVES_UP_S))
        now_s = time.monotonic()
        message = {} if text is None else json.loads(text)
        if message.get("event") == "start":
            stream_sid = message["streamSid"]
            line.say(_media(stream_sid, 5.0))
        elif message.get("event") == "media":
            loud = _loud(base64.b64decode(message["media"]["payload"]))
            if loud:
                # A frame holds what was said in the 20 ms before it was sent.
                began_s = now_s - FRAME_S
                if not has_heard:
                    stops_s = began_s + loud[0] / SAMPLES_PER_S + STOPS_AFTER_S
                answers_s = began_s + (loud[-1] + 1) / SAMPLES_PER_S + ANSWERS_AFTER_S
                has_heard = True
        if now_s >= stops_s:
            line.say({"event": "clear", "streamSid": stream_sid})
            stops_s = math.inf
        if now_s >= answers_s:
            line.say(_media(stream_sid, 0.5))
            answers_s = math.inf


def _loud(frame: bytes) -> list[int]:
    return [n for n, byte in enumerate(frame) if ~byte & 0x7F >= LOUD]


def _media(stream_sid: str, for_s: float) -> dict[str, object]:
    return {"event": "media", "streamSid": stream_sid, "media": {"payload": tone(for_s)}}


def main() -> None:
    """Serve one call on the listening socket whose number is given."""
    with socket.socket(fileno=int(sys.argv[1])) as server:
        server.settimeout(GIVES_UP_S)
        connection, _ = server.accept()
    with connection:
        serve(Line(connection))


if __name__ == "__main__":
    with contextlib.suppress(ConnectionError, TimeoutError):  # Hung up on, or never called.
        main()
