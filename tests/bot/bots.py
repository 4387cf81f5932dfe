"""Tiny bots as commands: what a bot does wrong is one line of Python."""

import shlex
import sys

HTTP = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error({status})
    def log_message(self, *parts): pass
http.server.HTTPServer(("{host}", int(sys.argv[1])), Handler).serve_forever()
"""


def command(code: str, *arguments: str) -> str:
    return shlex.join([sys.executable, "-c", code, *arguments])


def http_bot(*, before: str = "", status: int = 404, host: str = "127.0.0.1") -> str:
    """A command that runs `before`, then answers every GET with `status` on `{port}`."""
    return command(before + HTTP.format(status=status, host=host), "{port}")
