"""What the kernel knows about a TCP connection that asyncio does not tell."""

import asyncio
import fcntl
import socket as sockets
import struct
import termios

# A small send buffer makes a bot that stopped reading visible within seconds (P-25).
SEND_BUFFER_BYTES = 64 * 1024


def keep_send_buffer_small(transport: asyncio.Transport) -> None:
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, SEND_BUFFER_BYTES)


def unread_bytes(transport: asyncio.Transport) -> int:
    """What has arrived and nobody has read yet; 0 once the connection is gone."""
    if transport.is_closing():
        return 0
    return _asked(transport, termios.FIONREAD)


def unsent_bytes(transport: asyncio.Transport) -> int:
    """What was written but has not reached the other machine; 0 once the connection is gone."""
    if transport.is_closing():
        return 0
    return transport.get_write_buffer_size() + _asked(transport, termios.TIOCOUTQ)


def _asked(transport: asyncio.Transport, request: int) -> int:
    raw = transport.get_extra_info("socket")
    try:
        (count,) = struct.unpack("i", fcntl.ioctl(raw.fileno(), request, b"\0" * 4))
    except OSError:
        return 0
    return int(count)
