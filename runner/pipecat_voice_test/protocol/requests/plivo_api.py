"""Plivo's call API, as far as bots hang up with it (PROTOCOL 9.2).

Source: https://www.plivo.com/docs/voice/api/call/ (hang up a call)
"""

from pipecat_voice_test.protocol.requests.call_api import (
    ApiReply,
    ApiRequest,
    Credentials,
    HangUp,
    KnownCalls,
    basic_credentials,
    unknown_call,
    unknown_path,
    wrong_credentials,
)

_KNOWN = "DELETE of /v1/Account/{auth_id}/Call/{call_uuid}/"
_VARIABLES = "PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN"
_CHALLENGE = (("WWW-Authenticate", 'Basic realm="Plivo API"'),)
_NOT_FOUND = {"error": "not found"}


class PlivoApi:
    """Plivo's `CallApiRules`.

    Args:
        credentials: The auth id and auth token of the run.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    @property
    def credentials(self) -> Credentials:
        return self._credentials

    def reply(self, request: ApiRequest, known: KnownCalls) -> ApiReply:
        account, call_id = _named(request)
        if not call_id:
            complaint = unknown_path(request, None, _KNOWN)
            return ApiReply(404, _NOT_FOUND, complaint=complaint, says="unknown")
        if because := self._unauthorized(request.authorization):
            complaint = wrong_credentials(request, None, _VARIABLES, because)
            body = {"error": f"not this account: {because}"}
            return ApiReply(401, body, _CHALLENGE, call_id, None, complaint, "unauthorized")
        state = known(call_id)
        if state is None or account != self._credentials.user:
            complaint = unknown_call(request, call_id, None, "start.callId")
            return ApiReply(404, _NOT_FOUND, (), call_id, None, complaint, "unknown")
        if state.is_over:
            # Whoever is hung up on hangs up as well: that is no mistake.
            return ApiReply(404, _NOT_FOUND, call_id=call_id, says="too late")
        return ApiReply(204, call_id=call_id, deed=HangUp(), says="hang up")

    def _unauthorized(self, authorization: str) -> str:
        """What is wrong with the credentials; nothing if they are right."""
        if not authorization:
            return "there were none"
        shown = basic_credentials(authorization)
        if shown is None:
            return "they are not HTTP Basic"
        if shown[0] != self._credentials.user:
            return "the auth id is another"
        return "the auth token is another" if shown[1] != self._credentials.secret else ""


def _named(request: ApiRequest) -> tuple[str, str]:
    """Account and call to hang up; empty if anything else is asked."""
    match request.path:
        case ("v1", "Account", account, "Call", call_id, *rest) if (
            request.method == "DELETE" and rest in ([], [""])
        ):
            return account, call_id
        case _:
            return "", ""
