"""Text that was written to do harm, and a run that has it in every place a text can be in."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pipecat_voice_test.measurement.comparison.model import (
    Compared,
    Comparison,
    Measured,
    MeasuredScenario,
    Settings,
    Side,
    Standing,
)
from pipecat_voice_test.measurement.results import (
    BotFacts,
    CallResult,
    FindingCount,
    RunError,
    RunResult,
    ScenarioResult,
    TurnFacts,
    Verdict,
)
from pipecat_voice_test.measurement.statistics.bootstrap import Sample
from pipecat_voice_test.scenario.model import Scenario, Turn, TurnKind
from pipecat_voice_test.timeline import (
    BotClosed,
    EndedBy,
    Finding,
    HeardPiece,
    MarkReceived,
    MarkReturned,
    MessageReceived,
    Note,
    PlaybackCleared,
    Severity,
    Timeline,
)

from report.runs import DEAF, LATE, MEDIAN, TOO_FEW

CALM = "calm"
HUGE = "n" * 1_000_000  # As a name; what is said or logged is long enough with less.
_SAID_CHARACTERS = 5_000
_FILE_CHARACTERS = 250  # No disk takes more.

STRINGS: Mapping[str, str] = {
    "a-script": "<script>window.pwned = 1</script>",
    "the-end-of-a-script": "</script><script>window.pwned = 1</script>",
    "a-script-in-a-comment": "<!--<script>",
    "the-end-of-a-comment": "--><img src=x onerror=alert(1)><!--",
    "an-image-that-fails": "<img src=x onerror=alert(1)>",
    "an-svg": "<svg/onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a>",
    "the-end-of-an-attribute": '" onmouseover="alert(1)" x=\'',
    "the-end-of-another": "' autofocus onfocus='alert(1)",
    "the-end-of-a-title": "</title></style></textarea></pre></details><h1>passed</h1>",
    "a-link-that-runs": "javascript:alert(1)",
    "a-link-with-data": "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "a-template": "{{ 7 * 7 }} {% raw %} ${7 * 7} #{7 * 7} <%= 7 %>",
    "the-end-of-cdata": "]]> <![CDATA[ ]]>",
    "entities": "&lt;b&gt; &amp; &#0; &#x1F; &nope; &xxe;",
    "a-doctype": "<!DOCTYPE a [<!ENTITY xxe SYSTEM 'file:///etc/passwd'>]><a>&xxe;</a>",
    "xml-elements": "</failure></testcase><testcase name='forged' classname='x'/>",
    "control-characters": "a" + "".join(map(chr, (*range(1, 32), 127, *range(128, 160)))),
    "nul": "a\0b\0",
    "halves-of-pairs": "\ud800 x \udfff\udc80 \ud83d",
    "what-xml-forbids": "\ufffe\uffff\x0b\x0c \U0001fffe",
    "turned-text": "\u202egnp.exe\u202c \u2066\u2067\u2068 \u200f \u061c שלום",
    "unseen-text": "pass\u200bed\u200c\u200d\u2060\ufeff\u00ad",
    "escapes": "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]8;;http://x\x07link\x9b1m\x1bPq\x1b\\",
    "carriage-returns": "failed\rpassed\r\npassed",
    "line-separators": "one\u2028two\u2029three\x85four",
    "workflow-commands": "::error::boo\n::set-output name=result::passed\n  ::add-mask::a",
    "more-commands": "##[error]x ##vso[task.complete result=Succeeded] ##teamcity[x]",
    "the-end-of-a-command": "a%0A::error::b,title=c\n::stop-commands::x",
    "an-output": "x\nresult=passed\nEOF\nghadelimiter\nresult<<EOF\npassed\nEOF",
    "an-attachment": "[[ATTACHMENT|/etc/passwd]]",
    "attachments-on-lines": "x\n[[ATTACHMENT|/etc/passwd]]\n[[PROPERTY|verdict=passed]]",
    "the-end-of-a-property": "a]]\n[[PROPERTY|verdict=passed]]",
    "a-table": "a | b\n|---|---|\n| passed | forged |",
    "markdown": "# passed\n\n## Passed\n- [ ] x\n> q\n\n***\n1. one\n===\n---",
    "a-link": "[a](javascript:alert(1)) <https://evil.example> www.evil.example ![i](//e/x.png)",
    "mentions": "@someone #1 GH-1 https://evil.example/x?a=b `code` **bold** ~~s~~ $x$ $$y$$",
    "html-in-markdown": "<details><summary>x</summary>\n\n</details>\n</details><!-- x",
    "a-fence": "```\n```mermaid\ngantt\n```\n~~~\n``` x",
    "mermaid": 'end\nsection x\nclick a href "javascript:alert(1)"\n%%{init: {}}%%\n:crit, a, 0, 1',
    "a-formula": "=cmd|' /C calc'!A0",
    "another-formula": '@SUM(1+1)*cmd|" /C calc"!A0\t+1-1',
    "a-device": "con",
    "a-device-with-an-ending": "COM1.yaml",
    "up-and-away": "../../../../etc/passwd",
    "up-in-windows": "..\\..\\windows\\system32\\x:stream",
    "from-the-root": "/etc/passwd",
    "a-dot": ".",
    "nothing": "",
    "spaces": "  a \t  b  ",
    "json": '"}],"verdict":"passed","x":[{"a":"\\',
    "no-number": "NaN Infinity -1e999 null undefined",
    "composed": "e\u0301" * 40 + "\u0338" * 60 + "👩‍👩‍👧‍👦🏴\U000e0067",
    "a-megabyte": HUGE,
}


def spoilt_run(text: str) -> RunResult:
    """A run with this text in every place that a bot, a scenario or a file name fills."""
    said = text[:_SAID_CHARACTERS]
    return RunResult(
        verdict=Verdict.FAILED,
        exit_code=1,
        seed=7,
        started_at="2026-01-01T00:00:00Z",
        duration_ms=41_234.5,
        bot=BotFacts("image", text, 812.3),
        scenarios=(
            _result(text, Verdict.FAILED, spoilt_call(text, Verdict.FAILED)),
            _result(
                text,
                Verdict.FLAKY,
                spoilt_call(text, Verdict.PASSED),
                spoilt_call(text, Verdict.FAILED, 2),
            ),
            _result(text, Verdict.ERROR, spoilt_call(text, Verdict.ERROR)),
            _result(text, Verdict.INCONCLUSIVE, spoilt_call(text, Verdict.INCONCLUSIVE)),
            _result(text, Verdict.SKIPPED),
            _result(text, Verdict.NOT_RUN),
        ),
        run_checks=(replace(MEDIAN, message=said),),
        errors=(RunError(said, said, said), RunError("bot_not_ready", f"{said} it is", said)),
        runner=said,
        compared=spoilt_comparison(text),
    )


def spoilt_call(text: str, verdict: Verdict, number: int = 1) -> CallResult:
    failed, said = verdict is Verdict.FAILED, text[:_SAID_CHARACTERS]
    checks = (replace(LATE, message=said), replace(DEAF, message=f"{said} Fix: {said}"))
    return CallResult(
        number=number,
        verdict=verdict,
        timeline=spoilt_timeline(text),
        turns=(
            TurnFacts(0, 9, TurnKind.LISTEN, text, heard=((200.0, 900.0),), response_ms=200.0),
            TurnFacts(
                2,
                19,
                TurnKind.BARGE_IN,
                text,
                said=(1000.0, 1400.0),
                heard=((1300.0, 1800.0),),
                response_ms=400.0,
                stop_ms=300.0,
                clear_ms=100.0,
                text=said,
            ),
        ),
        checks=checks if failed else (),
        metrics={"response_ms": (200.0, 400.0)},
        protocol=(FindingCount(31951, said, Severity.WARNING, 2, said, 100.0),),
        notes=(said,),
        error=said if verdict in (Verdict.ERROR, Verdict.FAILED) else "",
        error_kind="bot_exited" if verdict is Verdict.ERROR else "",
        bot_log=f"{said}\n" * 3,
        detector_because=said,
        logged=((100.0, 1),),
    )


def spoilt_timeline(text: str) -> Timeline:
    said = text[:_SAID_CHARACTERS]
    return Timeline(
        events=(
            MessageReceived(90.0, said, 10, 0, said),
            Finding(100.0, said, Severity.WARNING, said, 31951, said[:512]),
            MarkReceived(120.0, text),
            MarkReturned(130.0, text),
            PlaybackCleared(140.0, 20.0),
            Note(150.0, said),
            BotClosed(1900.0, 1011, said),
        ),
        said_ulaw=b"\x80" * 1600,
        heard=(HeardPiece(1600, b"\x80" * 1600, 200.0, 1600),),
        raw_ulaw=b"\x80" * 1600,
        duration_ms=2000.0,
        ended_by=EndedBy.BOT,
        ended_at_ms=1900.0,
        close_code=1011,
        close_reason=said,
        stream_sid=said,
        call_sid=said,
    )


def spoilt_comparison(text: str) -> Compared:
    said = text[:_SAID_CHARACTERS]
    return Compared(
        text, said, said, tuple(_comparison(text, standing) for standing in Standing), (said,)
    )


def spoilt_side(text: str) -> Measured:
    scenario = MeasuredScenario(
        text, None, {"response_ms": Sample((1.0, 2.0), (1, 2))}, {"passed": (1, 2)}, text
    )
    return Measured(text, text, "failed", text, text, "image", 0, Settings(), [scenario])


def _comparison(text: str, standing: Standing) -> Comparison:
    said = text[:_SAID_CHARACTERS]
    return Comparison(text, "response_ms", standing, said, Side(2, 1.0), Side(2, 2.0), 1.0)


def _result(text: str, verdict: Verdict, *calls: CallResult) -> ScenarioResult:
    said = text[:_SAID_CHARACTERS]
    turn = Turn(2, 19, TurnKind.BARGE_IN, text, (said,), text=said)
    scenario = Scenario(
        name=text,
        file=Path("tests/voice", f"{text[:_FILE_CHARACTERS]}.yaml"),
        line_number=3,
        turns=(turn,),
        tags=(text,),
        doubts=(said,),
        source=f"{said}\n" * 3,
    )
    checks = (replace(MEDIAN, message=said), replace(TOO_FEW, message=said))
    told = verdict in (Verdict.FAILED, Verdict.FLAKY)
    return ScenarioResult(
        scenario,
        verdict,
        calls,
        checks if told else (),
        said,
        comparisons=(_comparison(text, Standing.REGRESSION),),
    )
