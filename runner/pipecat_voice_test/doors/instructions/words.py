"""What to say when call instructions lead to no stream: the texts of `WebhookReply`."""

from collections.abc import Sequence

from pipecat_voice_test.doors.addresses import BadAddress
from pipecat_voice_test.doors.asking import WebhookReply, shown_reply, shown_url
from pipecat_voice_test.protocol.untrusted import Unreadable, quoted
from pipecat_voice_test.web.client import AskFailed, Reply, Trouble


def no_stream(source: str, what: str, one_way: str | None) -> WebhookReply:
    """Instructions came to their end, or ended the call.

    Args:
        source: Where they came from.
        what: What they do, as the rest of a sentence that begins with them.
        one_way: Where they opened a stream on which nothing can be heard, if they did.
    """
    if one_way is not None:
        return WebhookReply(
            f"Call instructions of {source} open only a one-way stream, to {quoted(one_way)}.",
            fix="answer with `Connect` > `Stream` in place of `Start` > `Stream`: on a stream\n"
            "that was started the network listens to nothing, so the bot could not be heard",
        )
    return WebhookReply(
        f"Call instructions of {source} {what}.",
        fix="answer with `Connect` and a `Stream` in it, which leads to the bot",
    )


def too_many_redirects(asked: Sequence[str], most: int) -> WebhookReply:
    circle = " in a circle" if len(set(asked)) < len(asked) else ""
    return WebhookReply(
        f"Call instructions redirect the call{circle}, more than {most} times: "
        f"{' -> '.join(map(shown_url, asked))}.",
        fix="answer with `Connect` and a `Stream` in it; a `Redirect` back to where the\n"
        "call came from never ends",
    )


def unreadable(name: str, error: Unreadable, evidence: str) -> WebhookReply:
    who = f"What {name} answered" if name else "The document given as `Twiml`"
    return WebhookReply(
        f"{who} {error}.",
        fix="answer 200 with XML whose root is `Response`, such as\n"
        '<Response><Connect><Stream url="wss://HOST/ws"/></Connect></Response>',
        evidence=evidence,
    )


def leads_astray(source: str, written: str, error: BadAddress) -> WebhookReply:
    return WebhookReply(
        f"Call instructions of {source} lead to {quoted(written)}, which {error}.",
        fix="name an http:// or https:// address, or a path of the same server",
    )


def no_reply(name: str, error: AskFailed) -> WebhookReply:
    return WebhookReply(f"{name} {error.says}.", fix=_FIXES[error.trouble])


_FIXES: dict[Trouble, str] = {
    Trouble.BAD_ADDRESS: "give `--bot-webhook` as a path of the bot or as http://host:port/path",
    Trouble.NO_CONNECTION: "is the server of call instructions running? `--bot-webhook` says where",
    Trouble.UNTRUSTED: "ask by http://, or by the name that the certificate was made for",
    Trouble.TIMED_OUT: "answer sooner: the network waits 15 s, and then tells the caller of an\n"
    "application error; look for work that is done before the answer",
    Trouble.CUT_OFF: "the server gave up while it answered; its log says why",
    Trouble.NOT_HTTP: "check the port: what listens there speaks another protocol",
    Trouble.TOO_BIG: "answer with the instructions alone; the network reads 64 kB of them",
}


def refused(name: str, reply: Reply) -> WebhookReply:
    if 300 <= reply.status < 400:
        fix = "name the final address: only a `Redirect` in call instructions leads elsewhere"
    elif reply.status in (401, 403):
        fix = (
            "it may have turned the signature away: the request was signed with the bot's\n"
            "TWILIO_AUTH_TOKEN or `--auth-token`, for the address above as the bot sees it"
        )
    elif reply.status in (404, 405):
        fix = "check `--bot-webhook`: nothing takes a POST there"
    else:
        fix = "the server failed while it answered; its log says why"
    return WebhookReply(
        f"{name} answered a request for call instructions with {reply.status}.",
        fix=fix,
        evidence=shown_reply(reply),
    )
