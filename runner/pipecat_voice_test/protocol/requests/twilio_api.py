"""Twilio's call API, as far as bots hang up and transfer calls with it (P-50, P-51).

Sources: https://www.twilio.com/docs/voice/api/call-resource,
https://www.twilio.com/docs/api/errors (20001, 20003, 20004, 20404)
"""

from pipecat_voice_test.protocol.requests.call_api import (
    ApiReply,
    ApiRequest,
    CallState,
    Credentials,
    Deed,
    HangUp,
    Json,
    KnownCalls,
    Moment,
    Transfer,
    bad_request,
    basic_credentials,
    unknown_call,
    unknown_path,
    wrong_credentials,
)
from pipecat_voice_test.protocol.wire import Complaint

VERSION = "2010-04-01"
INVALID_PARAMETER = 20001
UNAUTHORIZED = 20003
METHOD_NOT_ALLOWED = 20004
NOT_FOUND = 20404

_ENDS = ("completed", "canceled")
_KNOWN = f"POST and GET of /{VERSION}/Accounts/{{AccountSid}}/Calls/{{CallSid}}.json"
_VARIABLES = "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
_SUFFIX = ".json"
_CHALLENGE = (("WWW-Authenticate", 'Basic realm="Twilio API"'),)
_FIX = "send Status=completed to hang up, or Twiml=… or Url=… to go on with other instructions."


class TwilioApi:
    """Twilio's `CallApiRules`.

    Args:
        credentials: The account of the run, and its auth token.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    @property
    def credentials(self) -> Credentials:
        return self._credentials

    def reply(self, request: ApiRequest, known: KnownCalls) -> ApiReply:
        account, call_id = _named(request.path)
        if not call_id:
            return _not_found(request, complaint=unknown_path(request, NOT_FOUND, _KNOWN))
        if because := self._unauthorized(request):
            complaint = wrong_credentials(request, UNAUTHORIZED, _VARIABLES, because)
            return _refused(
                401,
                UNAUTHORIZED,
                "Authenticate",
                call_id=call_id,
                complaint=complaint,
                headers=_CHALLENGE,
                says="unauthorized",
            )
        state = known(call_id)
        if state is None or account != self._credentials.user:
            complaint = unknown_call(request, call_id, NOT_FOUND, "start.callSid")
            return _not_found(request, call_id=call_id, complaint=complaint)
        match request.method:
            case "GET" | "HEAD":
                return ApiReply(200, self._resource(state), call_id=call_id, says="look")
            case "POST":
                return self._changed(request, call_id, state)
            case _:
                complaint = unknown_path(request, METHOD_NOT_ALLOWED, _KNOWN)
                text = f"Method {request.method} not allowed"
                return _refused(405, METHOD_NOT_ALLOWED, text, call_id=call_id, complaint=complaint)

    def _unauthorized(self, request: ApiRequest) -> str:
        """What is wrong with the credentials; nothing if they are right."""
        if not request.authorization:
            return "there were none"
        shown = basic_credentials(request.authorization)
        if shown is None:
            return "they are not HTTP Basic"
        user, password = shown
        if user.startswith("SK"):
            return "they are an API key, and an account with its auth token is wanted"
        if user != self._credentials.user:
            return "the account is another"
        return "the auth token is another" if password != self._credentials.secret else ""

    def _changed(self, request: ApiRequest, call_id: str, state: CallState) -> ApiReply:
        if state.is_over:
            # Whoever is hung up on hangs up as well: that is no mistake.
            return _not_found(request, call_id=call_id, says="too late")
        deed, wrong = _wanted(request)
        if wrong:
            complaint = bad_request(request, wrong, _FIX, INVALID_PARAMETER)
            text = f"Invalid parameter: the request came {wrong}"
            return _refused(400, INVALID_PARAMETER, text, call_id=call_id, complaint=complaint)
        match deed:
            case HangUp():
                body = self._resource(state.completed(request.at))
                return ApiReply(200, body, call_id=call_id, deed=deed, says="hang up")
            case Transfer():
                body = self._resource(state)
                return ApiReply(200, body, call_id=call_id, deed=deed, says="new instructions")
            case _:
                return ApiReply(200, self._resource(state), call_id=call_id, says="nothing")

    def _resource(self, state: CallState) -> Json:
        account = self._credentials.user
        duration_s = state.duration_s
        return {
            "sid": state.call_id,
            "account_sid": account,
            "from": state.from_number,
            "to": state.to_number,
            "status": state.status,
            "direction": "inbound",
            "start_time": _text(state.began),
            "end_time": _text(state.ended),
            "duration": None if duration_s is None else str(duration_s),
            "uri": f"/{VERSION}/Accounts/{account}/Calls/{state.call_id}{_SUFFIX}",
        }


def _named(path: tuple[str, ...]) -> tuple[str, str]:
    """Account and call of a path; empty if it is not that of a call."""
    match path:
        case (version, "Accounts", account, "Calls", call) if version == VERSION and call.endswith(
            _SUFFIX
        ):
            return account, call.removesuffix(_SUFFIX)
        case _:
            return "", ""


def _wanted(request: ApiRequest) -> tuple[Deed | None, str]:
    """What the form asks for, and what is wrong with it.

    Fields about anything else, such as `StatusCallback`, are accepted and do nothing.
    """
    form = request.form
    status, twiml, url = (form.get(name, "") for name in ("Status", "Twiml", "Url"))
    method = form.get("Method", "POST").upper() or "POST"
    if not form:
        return None, "without any field of a form"
    if status and status not in _ENDS:
        return None, "with a Status that is neither completed nor canceled"
    if status:
        return HangUp(), ""
    if twiml and url:
        return None, "with both Twiml and Url"
    if method not in ("GET", "POST"):
        return None, "with a Method that is neither GET nor POST"
    return (Transfer(twiml, url, method), "") if twiml or url else (None, "")


def _text(moment: Moment | None) -> str | None:
    return None if moment is None else moment.text


def _refused(
    status: int,
    code: int,
    message: str,
    *,
    call_id: str = "",
    complaint: Complaint | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    says: str = "",
) -> ApiReply:
    body = {"code": code, "message": message, "status": status}
    return ApiReply(status, body, headers, call_id, None, complaint, says)


def _not_found(
    request: ApiRequest,
    call_id: str = "",
    complaint: Complaint | None = None,
    says: str = "unknown",
) -> ApiReply:
    text = f"The requested resource /{'/'.join(request.path)} was not found"
    return _refused(404, NOT_FOUND, text, call_id=call_id, complaint=complaint, says=says)
