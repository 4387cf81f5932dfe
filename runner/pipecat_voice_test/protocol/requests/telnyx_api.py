"""Telnyx' call API, as far as bots hang up with it (PROTOCOL 9.1).

Sources: https://developers.telnyx.com/api/call-control/hangup-call,
https://developers.telnyx.com/api/errors (10005, 10009, 90018)
"""

from pipecat_voice_test.protocol.requests.call_api import (
    ApiReply,
    ApiRequest,
    Credentials,
    HangUp,
    Json,
    KnownCalls,
    unknown_call,
    unknown_path,
    wrong_credentials,
)

NOT_FOUND = "10005"
UNAUTHORIZED = "10009"
CALL_HAS_ENDED = "90018"

_KNOWN = "POST of /v2/calls/{call_control_id}/actions/hangup"


class TelnyxApi:
    """Telnyx' `CallApiRules`.

    Args:
        credentials: The API key, which belongs to no user.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    @property
    def credentials(self) -> Credentials:
        return self._credentials

    def reply(self, request: ApiRequest, known: KnownCalls) -> ApiReply:
        call_id = _named(request)
        if not call_id:
            complaint = unknown_path(request, int(NOT_FOUND), _KNOWN)
            body = _errors(NOT_FOUND, "Resource not found", "There is no such path.")
            return ApiReply(404, body, complaint=complaint, says="unknown")
        if because := self._unauthorized(request.authorization):
            complaint = wrong_credentials(request, int(UNAUTHORIZED), "TELNYX_API_KEY", because)
            body = _errors(UNAUTHORIZED, "Authentication failed", f"Not this account: {because}.")
            return ApiReply(401, body, (), call_id, None, complaint, "unauthorized")
        state = known(call_id)
        if state is None:
            field_name = "start.call_control_id"
            complaint = unknown_call(request, call_id, int(NOT_FOUND), field_name)
            body = _errors(NOT_FOUND, "Resource not found", "There is no such call.")
            return ApiReply(404, body, (), call_id, None, complaint, "unknown")
        if state.is_over:
            # Whoever is hung up on hangs up as well: that is no mistake.
            body = _errors(CALL_HAS_ENDED, "Call has already ended", "It takes no commands.")
            return ApiReply(422, body, call_id=call_id, says="too late")
        body = {"data": {"result": "ok"}}
        return ApiReply(200, body, call_id=call_id, deed=HangUp(), says="hang up")

    def _unauthorized(self, authorization: str) -> str:
        """What is wrong with the credentials; nothing if they are right."""
        scheme, _, key = authorization.partition(" ")
        if not authorization:
            return "there were none"
        if scheme.lower() != "bearer":
            return "they are no bearer key"
        return "the key is another" if key.strip() != self._credentials.secret else ""


def _named(request: ApiRequest) -> str:
    """The call to hang up, or nothing if anything else is asked."""
    match request.path:
        case ("v2", "calls", call_id, "actions", "hangup") if request.method == "POST":
            return call_id
        case _:
            return ""


def _errors(code: str, title: str, detail: str) -> Json:
    return {"errors": [{"code": code, "title": title, "detail": detail}]}
