"""What cannot be run over a phone line is skipped with the reason, never passed silently."""

from pathlib import Path

import pytest

from scenario.texts import scenario

SAID = "turns: [{user: b, expect: [{event: response}]}]"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            "persona: Jo\ngoal: a\nsuccess: b",
            "it has a `persona`, and nobody here decides what such a caller says next",
            id="a-persona",
        ),
        pytest.param(
            "context: [{role: system, content: hi}]\n" + SAID,
            "its `context` cannot be given to a bot over a phone line",
            id="a-context",
        ),
        pytest.param("context: []\n" + SAID, "", id="not-an-empty-context"),
        pytest.param("context:\n" + SAID, "", id="not-a-context-of-nothing"),
        pytest.param(
            "turns: [{user: b, image: c.png, expect: [{event: response}]}]",
            "the turn in line 2 shows an `image`, which a phone line cannot",
            id="an-image",
        ),
        pytest.param(
            "turns:\n  - user: b\n  - user: c\n    send_after: {event: function_call}",
            "the turn in line 4 begins after `function_call`, "
            "which cannot be heard on a phone line",
            id="an-anchor-nobody-hears",
        ),
        pytest.param(
            "turns: [{user: b, expect: [{event: function_call}, {event: image}]}]",
            "no check is left: what functions a bot calls cannot be heard on a phone line; "
            "a phone line carries no images",
            id="only-skipped-expectations",
        ),
        pytest.param(
            "turns: [{user: b, expect: [{event: function_call}, {event: response}]}]",
            "",
            id="not-with-one-expectation-left",
        ),
        pytest.param(
            "turns: [{user: b, expect: [{event: response, eval: c}]}]",
            "",
            id="not-with-a-text-condition-for-the-reply-is-still-heard",
        ),
        pytest.param(
            "limits: {stop_ms: 900}\nturns: [{user: b, expect: [{event: function_call}]}]",
            "",
            id="not-with-limits-of-its-own",
        ),
        pytest.param(
            "limits: {stop_ms: none}\nturns: [{user: b, expect: [{event: function_call}]}]",
            "no check is left: what functions a bot calls cannot be heard on a phone line",
            id="limits-switched-off-are-no-checks",
        ),
        pytest.param("turns: [{user: b}]", "", id="not-with-the-default-limits-alone"),
        pytest.param(
            "limits: none\nturns: [{user: b}]",
            "no check is left: it expects nothing and has no limits",
            id="neither-limits-nor-expectations",
        ),
    ],
)
def test_a_scenario_is_skipped(tmp_path: Path, text: str, reason: str) -> None:
    assert scenario(tmp_path, f"name: a\n{text}").skip_reason == reason
