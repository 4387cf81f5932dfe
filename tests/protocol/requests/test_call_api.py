"""What the call APIs answer, word for word, and what happens to the call."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from pipecat_voice_test.protocol.requests.call_api import (
    ApiReply,
    ApiRequest,
    CallApiRules,
    CallState,
    CallStatus,
    Credentials,
    Deed,
    HangUp,
    Moment,
    Transfer,
    basic_credentials,
)
from pipecat_voice_test.protocol.requests.plivo_api import PlivoApi
from pipecat_voice_test.protocol.requests.telnyx_api import TelnyxApi
from pipecat_voice_test.protocol.requests.twilio_api import TwilioApi
from pipecat_voice_test.timeline import Severity

AC, CA, OVER = "AC" + "a" * 32, "CA" + "c" * 32, "CA" + "d" * 32
T0 = Moment(1_000_000_000.0, "Sun, 09 Sep 2001 01:46:40 +0000")
T1 = Moment(1_000_000_012.4, "Sun, 09 Sep 2001 01:46:52 +0000")
TWILIO = TwilioApi(Credentials(AC, "secret"))
TELNYX = TelnyxApi(Credentials("", "KEYsecret"))
PLIVO = PlivoApi(Credentials("MA0", "secret"))

CALLS = {
    CA: CallState(CA, "+1", "+2").answered(T0),
    OVER: CallState(OVER, "+1", "+2").answered(T0).completed(T1),
    "v3:live": CallState("v3:live", "+1", "+2").answered(T0),
    "v3:over": CallState("v3:over", "+1", "+2").answered(T0).completed(T1),
}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def asked(
    rules: CallApiRules,
    method: str,
    path: str,
    form: Mapping[str, str] | None = None,
    authorization: str = "",
) -> ApiReply:
    segments = tuple(path.removeprefix("/").split("/"))
    return rules.reply(ApiRequest(method, segments, T1, form or {}, authorization), CALLS.get)


def twilio(
    form: Mapping[str, str] | None = None,
    *,
    call: str = CA,
    account: str = AC,
    method: str = "POST",
    authorization: str = basic(AC, "secret"),
) -> ApiReply:
    path = f"/2010-04-01/Accounts/{account}/Calls/{call}.json"
    return asked(TWILIO, method, path, form, authorization)


def resource(call: str = CA, **more: Any) -> dict[str, Any]:
    return {
        "sid": call,
        "account_sid": AC,
        "from": "+1",
        "to": "+2",
        "status": "in-progress",
        "direction": "inbound",
        "start_time": T0.text,
        "end_time": None,
        "duration": None,
        "uri": f"/2010-04-01/Accounts/{AC}/Calls/{call}.json",
        **more,
    }


ENDED = {"status": "completed", "end_time": T1.text, "duration": "12"}


# --- Twilio: P-50, P-51 -----------------------------------------------------------------------


@pytest.mark.parametrize("status", ["completed", "canceled"])
def test_a_status_hangs_up_and_the_call_is_shown_completed(status: str) -> None:
    """P-50."""
    reply = twilio({"Status": status})

    assert (reply.status, reply.body) == (200, resource(**ENDED))
    assert (reply.deed, reply.call_id, reply.complaint) == (HangUp(), CA, None)


@pytest.mark.parametrize(
    ("form", "deed"),
    [
        ({"Twiml": "<Response/>"}, Transfer("<Response/>")),
        ({"Url": "https://b/x"}, Transfer("", "https://b/x")),
        ({"Url": "https://b/x", "Method": "get"}, Transfer("", "https://b/x", "GET")),
        ({"Status": "completed", "Url": "https://b/x"}, HangUp()),
        ({"StatusCallback": "https://b/x"}, None),
    ],
)
def test_new_instructions_leave_the_call_in_progress(
    form: Mapping[str, str], deed: Deed | None
) -> None:
    """P-50: the stream ends and they run; what is about other things does nothing."""
    reply = twilio(form)

    assert (reply.status, reply.deed, reply.complaint) == (200, deed, None)
    assert reply.body == (resource(**ENDED) if isinstance(deed, HangUp) else resource())


@pytest.mark.parametrize(
    ("call", "body"), [(CA, resource()), (OVER, resource(OVER, **ENDED))], ids=["live", "over"]
)
def test_a_call_can_be_looked_at(call: str, body: Mapping[str, Any]) -> None:
    """P-51."""
    reply = twilio(call=call, method="GET")

    assert (reply.status, reply.body, reply.deed, reply.complaint) == (200, body, None, None)


@pytest.mark.parametrize(
    ("call", "account", "says"),
    [
        (OVER, AC, None),
        ("CA" + "0" * 32, AC,
         f'The bot asked the call API for the call "CA{"0" * 32}", which is none of this run\'s. '
         "It was answered that there is none. Fix: take the id from `start.callSid`, anew for "
         "each call."),
        (CA, "AC" + "b" * 32,
         f'The bot asked the call API for the call "{CA}", which is none of this run\'s. '
         "It was answered that there is none. Fix: take the id from `start.callSid`, anew for "
         "each call."),
    ],
    ids=["over", "unknown", "of-another-account"],
)  # fmt: skip
def test_a_call_that_is_not_there_is_a_404(call: str, account: str, says: str | None) -> None:
    """P-50; that a call is over already is nobody's mistake."""
    reply = twilio({"Status": "completed"}, call=call, account=account)

    assert reply.status == 404
    assert reply.body == {
        "code": 20404,
        "message": f"The requested resource /2010-04-01/Accounts/{account}/Calls/{call}.json "
        "was not found",
        "status": 404,
    }
    assert reply.deed is None
    assert (reply.complaint.message if reply.complaint else None) == says


@pytest.mark.parametrize(
    ("authorization", "because"),
    [
        ("", "there were none"),
        ("Bearer secret", "they are not HTTP Basic"),
        ("Basic !!", "they are not HTTP Basic"),
        (basic("AC" + "b" * 32, "secret"), "the account is another"),
        (basic(AC, "other"), "the auth token is another"),
        (basic("SK" + "b" * 32, "secret"),
         "they are an API key, and an account with its auth token is wanted"),
    ],
)  # fmt: skip
def test_wrong_credentials_are_a_401_and_the_call_goes_on(authorization: str, because: str) -> None:
    """P-50."""
    reply = twilio({"Status": "completed"}, authorization=authorization)

    assert reply.status == 401
    assert reply.body == {"code": 20003, "message": "Authenticate", "status": 401}
    assert reply.headers == (("WWW-Authenticate", 'Basic realm="Twilio API"'),)
    assert (reply.deed, reply.call_id) == (None, CA)
    assert reply.complaint is not None
    assert (reply.complaint.code, reply.complaint.severity) == (20003, Severity.WARNING)
    assert reply.complaint.message == (
        f"The bot asked the call API (POST /2010-04-01/Accounts/{AC}/Calls/{CA}.json) with "
        f"credentials that are not this run's: {because}. It was refused with 401, so the call "
        "goes on. Fix: take TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN from the environment when "
        "the bot starts, and let no `.env` file override them."
    )


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({}, "without any field of a form"),
        ({"Status": "busy"}, "with a Status that is neither completed nor canceled"),
        ({"Twiml": "<Response/>", "Url": "https://b"}, "with both Twiml and Url"),
        ({"Url": "https://b", "Method": "PUT"}, "with a Method that is neither GET nor POST"),
    ],
)
def test_what_cannot_be_done_is_a_400(form: Mapping[str, str], wrong: str) -> None:
    reply = twilio(form)

    assert reply.status == 400
    assert reply.body == {
        "code": 20001,
        "message": f"Invalid parameter: the request came {wrong}",
        "status": 400,
    }
    assert reply.deed is None
    assert reply.complaint is not None
    assert f") {wrong}. It was refused. Fix: send Status=completed" in reply.complaint.message


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/2010-04-01/Accounts/{AC}/Calls/{CA}/Recordings.json"),
        ("POST", f"/2010-04-01/Accounts/{AC}/Calls.json"),
        ("GET", f"/2010-04-01/Accounts/{AC}/Calls/{CA}"),
        ("GET", f"/2008-08-01/Accounts/{AC}/Calls/{CA}.json"),
        ("GET", "/"),
        ("POST", "/v2/calls/v3:live/actions/hangup"),
    ],
)
def test_nothing_else_of_the_api_exists_and_that_is_noted(method: str, path: str) -> None:
    """P-51: other paths give 404 and are recorded; the real API has more, so it is no mistake."""
    reply = asked(TWILIO, method, path, {"Status": "completed"}, basic(AC, "secret"))

    assert reply.status == 404
    assert reply.body == {
        "code": 20404,
        "message": f"The requested resource {path} was not found",
        "status": 404,
    }
    assert reply.complaint is not None
    assert reply.complaint.severity is Severity.NOTE
    assert reply.complaint.message == (
        f"The bot asked the call API for {method} {path}, which is not played here: it was "
        "answered with 404. Known is POST and GET of "
        "/2010-04-01/Accounts/{AccountSid}/Calls/{CallSid}.json."
    )


def test_another_method_is_not_allowed() -> None:
    reply = twilio(method="DELETE")

    assert (reply.status, reply.body) == (
        405,
        {"code": 20004, "message": "Method DELETE not allowed", "status": 405},
    )
    assert reply.deed is None


# --- Telnyx: PROTOCOL 9.1 ---------------------------------------------------------------------


def telnyx(call: str = "v3:live", authorization: str = "Bearer KEYsecret") -> ApiReply:
    return asked(TELNYX, "POST", f"/v2/calls/{call}/actions/hangup", None, authorization)


def test_telnyx_hangs_up_by_its_control_id() -> None:
    reply = telnyx()

    assert (reply.status, reply.body) == (200, {"data": {"result": "ok"}})
    assert (reply.deed, reply.call_id, reply.complaint) == (HangUp(), "v3:live", None)


def test_telnyx_says_that_a_call_is_over_already() -> None:
    reply = telnyx("v3:over")

    assert reply.status == 422
    assert reply.body is not None
    assert [error["code"] for error in reply.body["errors"]] == ["90018"]
    assert (reply.deed, reply.complaint) == (None, None)


@pytest.mark.parametrize(
    ("authorization", "because"),
    [
        ("", "there were none"),
        (basic("", "KEYsecret"), "they are no bearer key"),
        ("Bearer other", "the key is another"),
    ],
)
def test_telnyx_refuses_another_key(authorization: str, because: str) -> None:
    reply = telnyx(authorization=authorization)

    assert (reply.status, reply.deed, reply.call_id) == (401, None, "v3:live")
    assert reply.complaint is not None
    assert f"not this run's: {because}." in reply.complaint.message
    assert "TELNYX_API_KEY" in reply.complaint.message


@pytest.mark.parametrize(
    ("rules", "method", "path", "authorization", "kind"),
    [
        (TELNYX, "POST", "/v2/calls/v3:none/actions/hangup", "Bearer KEYsecret", "unknown_call"),
        (TELNYX, "POST", "/v2/calls/v3:live/actions/speak", "Bearer KEYsecret", "unknown_path"),
        (TELNYX, "GET", "/v2/calls/v3:live/actions/hangup", "Bearer KEYsecret", "unknown_path"),
        (PLIVO, "DELETE", "/v1/Account/MA0/Call/none/", basic("MA0", "secret"), "unknown_call"),
        (PLIVO, "DELETE", f"/v1/Account/MA1/Call/{CA}/", basic("MA0", "secret"), "unknown_call"),
        (PLIVO, "POST", f"/v1/Account/MA0/Call/{CA}/", basic("MA0", "secret"), "unknown_path"),
    ],
)
def test_what_is_not_there_is_a_404_of_its_kind(
    rules: CallApiRules, method: str, path: str, authorization: str, kind: str
) -> None:
    reply = asked(rules, method, path, None, authorization)

    assert (reply.status, reply.deed) == (404, None)
    assert reply.complaint is not None
    assert reply.complaint.kind == f"call_api_{kind}"


# --- Plivo: PROTOCOL 9.2 ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "status", "deed"), [(CA, 204, HangUp()), (OVER, 404, None)], ids=["live", "over"]
)
@pytest.mark.parametrize("end", ["/", ""])
def test_plivo_hangs_up_by_a_delete(call: str, status: int, deed: Deed | None, end: str) -> None:
    path = f"/v1/Account/MA0/Call/{call}{end}"
    reply = asked(PLIVO, "DELETE", path, None, basic("MA0", "secret"))

    assert (reply.status, reply.deed, reply.complaint) == (status, deed, None)
    assert (reply.body is None) == (status == 204)


@pytest.mark.parametrize(
    ("authorization", "because"),
    [
        ("", "there were none"),
        ("Digest x", "they are not HTTP Basic"),
        (basic("MA1", "secret"), "the auth id is another"),
        (basic("MA0", "other"), "the auth token is another"),
    ],
)
def test_plivo_refuses_other_credentials(authorization: str, because: str) -> None:
    reply = asked(PLIVO, "DELETE", f"/v1/Account/MA0/Call/{CA}/", None, authorization)

    assert (reply.status, reply.deed, reply.call_id) == (401, None, CA)
    assert reply.complaint is not None
    assert f"not this run's: {because}." in reply.complaint.message


# --- what they share --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "pair"),
    [
        (basic("user", "a:b"), ("user", "a:b")),
        ("basic " + basic("u", "")[6:], ("u", "")),
        ("Basic", None),
        ("Basic " + base64.b64encode(b"no colon").decode(), None),
        ("Basic " + base64.b64encode(b"\xff:\xff").decode(), None),
        ("Basic \u00e9", None),
    ],
)
def test_basic_credentials_are_read_or_not(header: str, pair: tuple[str, str] | None) -> None:
    """RFC 7617."""
    assert basic_credentials(header) == pair


@pytest.mark.parametrize("rules", [TWILIO, TELNYX, PLIVO])
def test_a_strangers_path_cannot_speak_to_a_terminal(rules: CallApiRules) -> None:
    reply = asked(rules, "POST", "/\x1b[31m\n" + "x" * 1000)

    assert reply.complaint is not None
    assert reply.complaint.message.isprintable()
    assert len(reply.complaint.message) < 500


def test_secrets_are_not_shown() -> None:
    """P-70."""
    assert "secret" not in repr(Credentials("user", "secret"))


def test_a_call_that_ended_before_its_stream_took_no_time() -> None:
    state = CallState(CA, "+1", "+2")

    assert (state.status, state.duration_s) == (CallStatus.RINGING, None)
    assert state.completed(T1).duration_s == 0
