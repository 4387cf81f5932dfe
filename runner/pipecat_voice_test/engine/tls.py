"""TLS to an engine, with certificates as engines have them.

Python 3.13 and later refuse an authority whose certificate does not say that it may sign, and
a certificate that does not name its authority. Those that docker:dind made until version 28.2
lack both, as do those of Docker's own guide to protecting a daemon. The engine's authority is
in a file that we were given for this one purpose, so nothing is won by how it is written.

Sources: https://docs.python.org/3/library/ssl.html#ssl.VERIFY_X509_STRICT,
https://github.com/docker-library/docker/pull/536, https://github.com/docker/docs/pull/23578,
https://github.com/docker/docker-py/issues/2672
"""

import ssl
from typing import Any

from docker import APIClient
from docker.tls import TLSConfig
from requests import Response
from requests.adapters import HTTPAdapter
from urllib3.util import create_urllib3_context


class EngineTLS(TLSConfig):  # type: ignore[misc]  # docker-py has no types.
    """The certificates of `given`; that its authority signed the engine's is checked."""

    def __init__(self, given: TLSConfig) -> None:
        super().__init__(client_cert=given.cert, ca_cert=given.ca_cert, verify=given.verify)

    def configure_client(self, client: APIClient) -> None:
        super().configure_client(client)
        client.mount("https://", _Adapter(client.verify))


class _Adapter(HTTPAdapter):
    """Holds the engine to `authority`: a file, True for those of this machine, or False."""

    def __init__(self, authority: str | bool) -> None:
        self._authority = authority
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._authority:
            kwargs["ssl_context"] = create_urllib3_context()
            kwargs["ssl_context"].verify_flags &= ~ssl.VERIFY_X509_STRICT
        super().init_poolmanager(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> Response:
        # Else REQUESTS_CA_BUNDLE, which is about the web, takes the place of the engine's own.
        kwargs["verify"] = self._authority
        return super().send(*args, **kwargs)
