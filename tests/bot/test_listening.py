"""Where something listens is read from the kernel's tables, whoever printed them."""

import socket

import pytest
from pipecat_voice_test.bot.listening import listening_in

HEAD = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
    " inode\n"
)


def row(address: str, state: str = "0A") -> str:
    return (
        f"   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0"
        "        0 123 1 0000 100 0 0 10 0\n"
    )


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        pytest.param(HEAD + row("0100007F:1EB4"), [("127.0.0.1", 7860)], id="localhost"),
        pytest.param(HEAD + row("00000000:1F40"), [("0.0.0.0", 8000)], id="everywhere"),
        pytest.param(
            HEAD + row("00000000000000000000000001000000:1EB4"), [("::1", 7860)], id="ipv6"
        ),
        pytest.param(
            HEAD + row("00000000:1F40") + HEAD + row("0100007F:1EB4") + row("00000000:1F40"),
            [("127.0.0.1", 7860), ("0.0.0.0", 8000)],
            id="both-tables",
        ),
        pytest.param(HEAD + row("0100007F:1EB4", "01"), [], id="connected-only"),
        pytest.param(row("rubbish:XYZ") + row("01:") + row(":1"), [], id="nonsense"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_tables_tell_of(tables: str, found: list[tuple[str, int]]) -> None:
    assert listening_in(tables) == found


def test_our_own_table_tells_of_our_own_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()[:2]
        with open("/proc/net/tcp") as table:  # noqa: PTH123 - a name, not a path
            assert (host, port) in listening_in(table.read())
