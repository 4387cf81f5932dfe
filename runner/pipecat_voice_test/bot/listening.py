"""Where do the processes of a group listen? Best effort, from `/proc`; empty elsewhere.

Source: https://docs.kernel.org/networking/proc_net_tcp.html
"""

import contextlib
import ipaddress
import struct
from collections.abc import Iterator
from pathlib import Path

_LISTEN = "0A"


def processes_of_group(group: int, proc: Path = Path("/proc")) -> list[int]:
    """Ids of the processes in a process group."""
    found = []
    for stat in proc.glob("[0-9]*/stat"):
        try:
            # The name in parentheses may hold spaces and parentheses itself.
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # It ended while we looked.
        if len(fields) > 2 and int(fields[2]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def processes_with_environment(entry: str, proc: Path = Path("/proc")) -> list[int]:
    """Ids of the processes whose environment holds `entry` ("KEY=value")."""
    found = []
    for environ in proc.glob("[0-9]*/environ"):
        try:
            if entry.encode() in environ.read_bytes().split(b"\0"):
                found.append(int(environ.parent.name))
        except OSError:
            continue
    return found


def listening_addresses(processes: list[int], proc: Path = Path("/proc")) -> list[tuple[str, int]]:
    """`(address, port)` of each TCP socket on which one of the processes listens."""
    found: set[tuple[str, int]] = set()
    for process in processes:
        sockets = _sockets_of(proc / str(process) / "fd")
        for table in ("tcp", "tcp6"):
            with contextlib.suppress(OSError):
                text = (proc / str(process) / "net" / table).read_text()
                found.update(_listening(text, sockets))
    return sorted(found, key=lambda item: (item[1], item[0]))


def listening_in(tables: str) -> list[tuple[str, int]]:
    """The same of the text of `/proc/net/tcp`, `tcp6`, or both, whosever the sockets are."""
    return sorted(set(_listening(tables)), key=lambda item: (item[1], item[0]))


def _listening(table: str, sockets: set[str] | None = None) -> Iterator[tuple[str, int]]:
    for row in table.splitlines():
        columns = row.split()
        if len(columns) < 10 or columns[3] != _LISTEN:
            continue
        if sockets is None or columns[9] in sockets:
            with contextlib.suppress(ValueError, struct.error):  # Who knows who printed it.
                yield _address(columns[1])


def _sockets_of(folder: Path) -> set[str]:
    found = set()
    try:
        for link in folder.iterdir():
            target = str(link.readlink())
            if target.startswith("socket:["):
                found.add(target[len("socket:[") : -1])
    except OSError:
        pass  # It ended, or is not ours to look into.
    return found


def _address(column: str) -> tuple[str, int]:
    """`0100007F:1E9C` is 127.0.0.1:7836: words in the machine's order, port in the network's."""
    words, _, port = column.partition(":")
    packed = b"".join(
        struct.pack("=I", int(words[at : at + 8], 16)) for at in range(0, len(words), 8)
    )
    return str(ipaddress.ip_address(packed)), int(port, 16)
