"""What happened at one instant, the table of events, and the lines of the log."""

from typing import Any

import pytest
from pipecat_voice_test.measurement.results import CallResult, FindingCount, TurnFacts, Verdict
from pipecat_voice_test.report.events import events_jsonl
from pipecat_voice_test.report.view.build import call_view
from pipecat_voice_test.report.view.evidence import read_evidence
from pipecat_voice_test.report.view.log_lines import FIRST_LINES, LAST_LINES
from pipecat_voice_test.report.view.model import CallView, Evidence, Happened, LogLine, Moment
from pipecat_voice_test.report.view.model import MomentKind as Kind
from pipecat_voice_test.scenario.model import TurnKind
from pipecat_voice_test.timeline import (
    BotClosed,
    EndedBy,
    EndedHow,
    Event,
    Finding,
    KeyPressed,
    MarkReceived,
    MarkReturned,
    MessageReceived,
    MessageSent,
    PlaybackCleared,
    Severity,
    Timeline,
    TurnBegan,
    UtteranceBegan,
)

from report.runs import HOSTILE, call, result


def view(*events: Event, log: str = "", logged: tuple[tuple[float, int], ...] = (),
         **fields: Any) -> CallView:  # fmt: skip
    timeline = Timeline(events=events, **fields)
    held = CallResult(1, Verdict.PASSED, timeline, logged=logged)
    evidence = read_evidence(b"", events_jsonl(timeline), log)
    return call_view(result(Verdict.PASSED, held), held, evidence)


@pytest.mark.parametrize(
    ("event", "moment"),
    [
        (MarkReceived(5.0, "said"), Moment(5, Kind.MARK, "said")),
        (MarkReturned(5.0, "said"), Moment(5, Kind.MARK_RETURNED, "said")),
        (PlaybackCleared(5.0, 1234.5), Moment(5, Kind.CLEAR, "1.2 s unheard")),
        (PlaybackCleared(5.0, 340.0), Moment(5, Kind.CLEAR, "340 ms unheard")),
        (PlaybackCleared(5.0, 0.0), Moment(5, Kind.CLEAR, "nothing was queued")),
        (KeyPressed(5.0, 2, "#"), Moment(5, Kind.KEY, "#")),
        (
            Finding(5.0, "invalid_message", Severity.WARNING, "unknown event", 31951, "{}"),
            Moment(5, Kind.FINDING, "invalid_message: unknown event"),
        ),
    ],
)
def test_moments(event: Event, moment: Moment) -> None:
    ended = Moment(9, Kind.ENDED, "the caller hung up")

    assert view(event, ended_at_ms=9.0).moments == (moment, ended)


@pytest.mark.parametrize(
    ("by", "how", "code", "text"),
    [
        (EndedBy.CALLER, EndedHow.SCRIPT, 1000, "the caller hung up"),
        (EndedBy.BOT, EndedHow.SOCKET, 1011, "the bot hung up (1011)"),
        (EndedBy.BOT, None, None, "the bot hung up"),
        (EndedBy.BOT, EndedHow.CALL_API, 1000, "the bot hung up over the call API"),
        (
            EndedBy.BOT,
            EndedHow.NEW_INSTRUCTIONS,
            1000,
            "the bot gave the network other instructions",
        ),
        (EndedBy.BOT_ABNORMAL, EndedHow.SOCKET, 1006, "the bot's socket was lost (1006)"),
        (EndedBy.TIMEOUT, EndedHow.TIME_LIMIT, None, "the time for the call was up"),
    ],
)
def test_by_whom_and_what_a_call_was_ended(
    by: EndedBy, how: EndedHow | None, code: int | None, text: str
) -> None:
    ended = Timeline(ended_by=by, ended_how=how, close_code=code, ended_at_ms=9.0, duration_ms=12.0)
    held = call(timeline=ended)

    assert view(ended_by=by, ended_how=how, close_code=code, ended_at_ms=9.0).moments == (
        Moment(9, Kind.ENDED, text),
    )
    assert call_view(result(Verdict.PASSED, held), held).moments == (Moment(9, Kind.ENDED, text),)


def test_without_events_the_result_still_knows_of_some() -> None:
    held = CallResult(
        1,
        Verdict.PASSED,
        Timeline(duration_ms=900.0),
        turns=(TurnFacts(0, 1, TurnKind.BARGE_IN, said=(100.0, 200.0), clear_ms=30.0),),
        protocol=(FindingCount(1, "malformed", Severity.WARNING, 2, "no JSON", 50.0),),
    )

    assert call_view(result(Verdict.PASSED, held), held).moments == (
        Moment(50.0, Kind.FINDING, "malformed: no JSON"),
        Moment(130.0, Kind.CLEAR, ""),
        Moment(900.0, Kind.ENDED, "the caller hung up"),
    )


def test_a_call_that_never_began_has_no_moments() -> None:
    held = call(timeline=Timeline(), checks=())

    assert call_view(result(Verdict.ERROR, held), held) == CallView(
        "Opening hours", 1, Verdict.PASSED, 0.0
    )


def test_the_table_of_events_tells_what_a_person_needs() -> None:
    found = view(
        MessageSent(0.0, "connected", None, 58),
        TurnBegan(0.0, 0),
        *(MessageSent(20.0 * n, "media", n, 250) for n in range(3)),
        MessageSent(41.0, "dtmf", 9, 90, "#"),
        *(MessageReceived(100.0 + 20 * n, "media", 300, 160) for n in range(126)),
        UtteranceBegan(3000.0, 1, 24_000, 8000, ((80, 800),)),
        MessageReceived(3100.0, "clear", 50),
        PlaybackCleared(3100.0, 80.0),
        Finding(3200.0, "invalid_message", Severity.WARNING, "unknown event", 31951, "{}"),
        BotClosed(3300.0, 1011, "oops token=abc"),
        raw_ulaw=b"\xff" * 160 * 126,
        ended_by=EndedBy.BOT,
        close_code=1011,
        close_reason="oops",
        ended_at_ms=3300.0,
    ).events

    assert found == (
        Happened(0, "network", "connected"),
        Happened(0, "caller", "turn_began", "turn 1"),
        Happened(0, "caller", "media", "3 media messages, 0 ms of audio"),
        Happened(41, "caller", "dtmf", "#"),
        Happened(100, "bot", "media", "126 media messages, 2.5 s of audio"),
        Happened(3000, "caller", "utterance_began", "turn 2, length 1000 ms"),
        Happened(3100, "bot", "clear"),
        Happened(3100, "network", "playback_cleared", "discarded 80 ms"),
        Happened(
            3200, "network", "finding",
            "kind invalid_message, severity warning, unknown event, code 31951, excerpt {}",
        ),
        Happened(3300, "network", "bot_closed", "code 1011, reason oops token=***"),
        Happened(
            3300, "network", "call_ended", "ended by bot, close code 1011, close reason oops"
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("log", "logged", "times"),
    [
        pytest.param("", (), [], id="nothing-printed"),
        pytest.param("a\nb\n", (), [None, None], id="nobody-knows"),
        pytest.param("a\nb\nc\n", ((5.0, 1), (7.0, 3)), [5, 5, 7], id="by-the-piece-they-lie-in"),
        pytest.param("a\nb\nc\n", ((5.0, 2),), [None, 5, 5], id="unknown-at-first"),
        pytest.param("a\nb\n", ((5.0, 1), (7.0, 1)), [5, 7], id="two-pieces-on-a-line"),
        pytest.param("a\nb\n", ((5.0, 9),), [None, None], id="beyond-the-end"),
        pytest.param("a\r\nb\x1b[0m\n", ((5.0, 2),), [None, 5], id="as-plain-text-has-them"),
    ],
)
def test_lines_of_the_log_and_their_times(
    log: str, logged: tuple[tuple[float, int], ...], times: list[float | None]
) -> None:
    lines = view(log=log, logged=logged).log

    assert [line.at_ms for line in lines] == times
    assert [line.text for line in lines] == list("abc")[: len(times)]


def test_the_log_is_masked() -> None:
    secrets = "password: hunter2\nAuthorization: Bearer abcdef\nok\n"

    assert view(log=secrets).log == (
        LogLine("password: ***"),
        LogLine("Authorization: Bearer ***"),
        LogLine("ok"),
    )


def test_of_a_long_log_both_ends_are_kept() -> None:
    count = FIRST_LINES + LAST_LINES + 1234
    lines = view(log="".join(f"{n}\n" for n in range(count)), logged=((3.0, 1),)).log

    assert len(lines) == FIRST_LINES + 1 + LAST_LINES
    assert lines[FIRST_LINES] == LogLine("(1234 lines left out)", 3.0)
    assert (lines[FIRST_LINES - 1].text, lines[-1].text) == (str(FIRST_LINES - 1), str(count - 1))


def test_a_line_without_an_end_is_cut() -> None:
    (line,) = view(log="x" * 3_000_000).log

    assert line.text == f"{'x' * 500}… (3000000 characters)"


def test_without_a_file_the_results_own_log_will_do() -> None:
    held = call(bot_log="\x1b[31mready\n")

    assert call_view(result(Verdict.PASSED, held), held).log == (LogLine("ready"),)


def test_nothing_in_a_view_acts() -> None:
    held = call(error=HOSTILE, bot_log=HOSTILE)
    events: tuple[dict[str, Any], ...] = (
        {"t": 1, "dir": HOSTILE, "event": HOSTILE, HOSTILE: HOSTILE},
        {"t": 2, "event": "mark_received", "name": [HOSTILE]},
        {"t": 3, "event": "playback_cleared", "discarded_ms": HOSTILE},
        {"t": 4, "event": "call_ended", "ended_by": HOSTILE, "close_code": {}},
        {"t": 5, "event": "finding"},
    )
    named = result(Verdict.ERROR, held, name=HOSTILE * 1000)
    found = call_view(named, held, Evidence(events=events, log=HOSTILE))
    texts = [
        found.name,
        found.error,
        *(moment.text for moment in found.moments),
        *(row.what + row.detail for row in found.events),
        *(line.text for line in found.log),
    ]

    assert [moment.text for moment in found.moments if moment.kind is Kind.ENDED] == [
        "the call ended"
    ]
    for text in texts:
        assert len(text) < 2000
        assert not set(text) & set("\x00\x1b\x9b\r\n\u202e\udc80"), text
        assert "[[ATTACHMENT" not in text
        assert "##[" not in text
