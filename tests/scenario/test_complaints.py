"""Every mistake in a scenario file is named with its line and what to write instead."""

from pathlib import Path

import pytest

from scenario.texts import complaint

TURN = "name: a\nturns:\n  - "


def _rows(*rows: tuple[str, str, str, str]) -> list[object]:
    return [pytest.param(text, what, fix, id=id_) for id_, text, what, fix in rows]


MISSPELT = _rows(
    (
        "event",
        "expect: [{event: respond}]",
        "3: unknown event `respond`",
        "did you mean `response`?",
    ),
    (
        "event-like-nothing",
        "expect: [{event: xyzzy}]",
        "3: unknown event `xyzzy`",
        "an event is one of `response`, `bot_interrupted`, `bot_started_speaking`, "
        "`bot_stopped_speaking`, `clear`, `mark` or `call_ended`",
    ),
    ("turn-key", "usr: hi", "3: unknown key `usr`", "did you mean `user`?"),
    (
        "key-like-nothing",
        "xyzzy: 1",
        "3: unknown key `xyzzy`",
        "`turns` knows `name`, `user`, `audio`, `dtmf`, `wait_ms`, `hangup`, `kind`, "
        "`send_after`, `slow`, `expect` and `image`",
    ),
    (
        "key-of-another-block",
        "within_ms: 3",
        "3: unknown key `within_ms`",
        "`within_ms` belongs under `expect`",
    ),
    (
        "top-key-in-a-turn",
        "limits: none",
        "3: unknown key `limits`",
        "`limits` belongs at the top of the file",
    ),
    (
        "own-key-below-the-top",
        "x-mine: 1",
        "3: unknown key `x-mine`",
        "`turns` knows `name`, `user`, `audio`, `dtmf`, `wait_ms`, `hangup`, `kind`, "
        "`send_after`, `slow`, `expect` and `image`",
    ),
    (
        "expectation-key",
        "expect:\n      - event: response\n        text_contain: hi",
        "5: unknown key `text_contain`",
        "did you mean `text_contains`?",
    ),
    (
        "kind",
        "user: a\n    kind: barge-in",
        "4: `kind` cannot be `barge-in`",
        "did you mean `barge_in`?",
    ),
    (
        "check-from",
        "expect: [{event: response, check_from: now}]",
        "3: `check_from` cannot be `now`",
        "it is one of `previous` or `turn_start`",
    ),
)

NOT_A_TEXT = _rows(
    (
        "a-no",
        "user: No",
        "3: `user` must be a text, but YAML reads `No` as a yes or no",
        'quote it: `user: "No"`',
    ),
    (
        "a-number",
        "user: 007.5",
        "3: `user` must be a text, but YAML reads `007.5` as a number",
        'quote it: `user: "007.5"`',
    ),
    (
        "a-date",
        "user: 2024-02-30",
        "3: `user` must be a text, but YAML reads `2024-02-30` as a date",
        'quote it: `user: "2024-02-30"`',
    ),
    (
        "null",
        "user: null",
        "3: `user` must not be `null`",
        'quote it if it is a text: "null"; else remove the key',
    ),
    (
        "nothing-but-a-comment",
        "dtmf: #",
        "3: `dtmf` has no value",
        "fill it in, or remove the key; what begins with `#` must be quoted",
    ),
    (
        "one-of-several",
        "user: [Well, 5]",
        "3: `user[1]` must be a text, but YAML reads `5` as a number",
        'quote it: `"5"`',
    ),
    (
        "an-event",
        "expect: [{event: 5}]",
        "3: `event` must be a text, but YAML reads `5` as a number",
        'quote it: `event: "5"`',
    ),
    (
        "keys-that-are-a-yes",
        "dtmf: yes",
        "3: `dtmf` must be a text, but YAML reads `yes` as a yes or no",
        'quote it: `dtmf: "yes"`',
    ),
)

WRONG_TYPE = _rows(
    (
        "a-quoted-number",
        'wait_ms: "1500"',
        "3: `wait_ms` must be a whole number of milliseconds, not a text",
        "remove the quotes: `wait_ms: 1500`",
    ),
    (
        "a-number-with-its-unit",
        "wait_ms: 1.5s",
        "3: `wait_ms` must be a whole number of milliseconds, not a text",
        "write it in plain digits, without quotes and without a unit",
    ),
    (
        "a-fraction",
        "wait_ms: 1.5",
        "3: `wait_ms` must be a whole number of milliseconds, not `1.5`",
        "write it in plain digits, without quotes and without a unit",
    ),
    (
        "a-yes-for-a-number",
        "wait_ms: yes",
        "3: `wait_ms` must be a whole number of milliseconds, not a yes or no",
        "write it in plain digits, without quotes and without a unit",
    ),
    (
        "zero",
        "expect: [{event: response, within_ms: 0}]",
        "3: `within_ms` must be above 0, not `0`",
        "correct the number",
    ),
    (
        "more-than-a-day",
        "wait_ms: 86400001",
        "3: `wait_ms` must be at most 86400000, not `86400001`",
        "correct the number",
    ),
    (
        "a-number-for-a-yes",
        "slow: 1",
        "3: `slow` must be true or false, not a number",
        "write true or false",
    ),
    (
        "a-block-for-a-list",
        "expect: {event: response}",
        "3: `expect` must be a list, not a block of keys",
        "begin each entry with `- `",
    ),
    (
        "a-text-for-an-expectation",
        "expect: [response]",
        "3: `expect[0]` must be a block of keys, not a text",
        "write `- event: response`",
    ),
    (
        "a-text-for-a-turn",
        "Hello",
        "3: `turns[0]` must be a block of keys, not a text",
        'write `- user: "Hello."`',
    ),
    (
        "a-block-for-a-text",
        "user: {text: hi}",
        "3: `user` must be a text, or a list of texts and pauses, not a block of keys",
        'write `user: "Hello."`',
    ),
    ("an-empty-text", 'user: ""', "3: `user` is empty", "fill it in, or remove the key"),
    ("no-event", "expect: [{within_ms: 5}]", "3: `event` is missing in `expect`", "add `event:`"),
    (
        "a-hangup-that-is-none",
        "hangup: false",
        "3: `hangup` can only be true, not `false`",
        "remove the key",
    ),
)

DO_NOT_FIT = _rows(
    (
        "speech-and-keys",
        "user: a\n    dtmf: 1",
        "4: a turn does one thing, but this one has `user` and `dtmf`",
        "make a turn of each",
    ),
    (
        "a-wait-and-a-hangup",
        "wait_ms: 5\n    hangup: true",
        "4: a turn does one thing, but this one has `wait_ms` and `hangup`",
        "make a turn of each",
    ),
    (
        "a-recording-and-pauses",
        "audio: s.yaml\n    user: [a, {pause_ms: 5}]",
        "4: a recording has its own pauses, so `user` beside `audio` is one text",
        "write what the recording says as one text",
    ),
    (
        "pauses-alone",
        "user: [{pause_ms: 5}]",
        "3: `user` has pauses but no text",
        "use `wait_ms` for a silent turn",
    ),
    (
        "spaces-alone",
        'user: " "',
        "3: `user` is empty",
        "write what the caller says; a turn without `user` only listens",
    ),
    (
        "a-letter-on-the-keypad",
        "dtmf: 12A",
        "3: `dtmf` has `A`, which is not on a phone's keypad",
        "use 0 to 9, * and #, without spaces",
    ),
    (
        "a-hangup-in-the-middle",
        "hangup: true\n  - user: a",
        "3: `hangup` ends the call, but more turns follow",
        "move it to the last turn",
    ),
    (
        "an-expectation-of-nobody",
        "hangup: true\n    expect: [{event: call_ended}]",
        "4: nothing can be expected after the caller has hung up",
        "expect it in the turn before",
    ),
    (
        "a-kind-of-keys",
        "dtmf: 1\n    kind: turn",
        "4: `kind` is for turns in which the caller speaks",
        "remove it, or give the turn `user` or `audio`",
    ),
    (
        "a-polite-barge-in",
        "user: a\n    kind: barge_in",
        "4: a `barge_in` without `send_after` would wait until the bot has finished",
        "add `send_after: {event: bot_started_speaking, delay_ms: 1000}`",
    ),
    (
        "sending-nothing",
        "send_after: {delay_ms: 5}",
        "3: `send_after` says when the caller begins, but in this turn the caller only listens",
        "remove it, or give the turn `user`, `audio` or `dtmf`",
    ),
    (
        "after-nothing",
        "user: a\n    send_after: {delay_ms: 0}",
        "4: `send_after` needs an `event`, or a `delay_ms` above 0",
        "write `send_after: {event: bot_started_speaking}`",
    ),
    (
        "after-the-end",
        "user: a\n    send_after: {event: call_ended}",
        "4: nothing can be said or pressed after `call_ended`",
        "remove the turn, or begin it after another event",
    ),
    (
        "interrupting-in-silence",
        "dtmf: 1\n    expect: [{event: bot_interrupted}]",
        "4: `bot_interrupted` needs a turn in which the caller speaks",
        "move it to the turn that interrupts the bot",
    ),
    (
        "absent-with-words",
        "expect: [{event: response, absent: true, text_contains: a}]",
        "3: `absent` means that no `response` comes at all, so `text_contains` has no meaning here",
        "remove one of the two",
    ),
    (
        "absent-from-somewhere",
        "expect: [{event: clear, absent: true, check_from: turn_start}]",
        "3: `absent` means that no `clear` comes at all, so `check_from` has no meaning here",
        "remove one of the two",
    ),
    (
        "words-of-a-clear",
        "expect: [{event: clear, eval: a}]",
        "3: `eval` is a condition on a `response`, not on a `clear`",
        "remove it, or correct the event",
    ),
    (
        "a-named-response",
        "expect: [{event: response, name: a}]",
        "3: `name` is a condition on a `mark`, `function_call` or `function_call_stopped`, "
        "not on a `response`",
        "remove it, or correct the event",
    ),
    (
        "longer-than-it-may-be",
        "expect: [{event: response, lasts_at_least_ms: 5, lasts_at_most_ms: 3}]",
        "3: no reply lasts at least 5 ms and at most 3 ms",
        "swap the two",
    ),
)


@pytest.mark.parametrize(
    ("turn", "what", "fix"), [*MISSPELT, *NOT_A_TEXT, *WRONG_TYPE, *DO_NOT_FIT]
)
def test_a_mistake_in_a_turn_is_named_with_its_fix(
    tmp_path: Path, turn: str, what: str, fix: str
) -> None:
    assert complaint(tmp_path, TURN + turn) == f"s.yaml:{what}\n  Fix: {fix}"


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    _rows(
        ("no-name", "turns: [{user: a}]", "1: `name` is missing", "add `name:`"),
        (
            "a-name-of-spaces",
            'turns: [{user: a}]\nname: " "',
            "2: `name` is empty",
            "name the scenario",
        ),
        (
            "no-turns",
            "name: a",
            "1: scenario `a` has no `turns`",
            "add `turns:`, a list of what the caller does",
        ),
        (
            "empty-turns",
            "name: a\nturns: []",
            "2: `turns` is empty",
            "fill it in, or remove the key",
        ),
        (
            "turns-and-a-persona",
            "name: a\npersona: Jo\nturns: [{user: a}]",
            "2: a scenario has `turns` or a `persona`, not both",
            "remove one of them",
        ),
        (
            "an-empty-file",
            "# nothing",
            "1: a scenario file is a block of keys, beginning with `name:`",
            "write `name:` and `turns:`",
        ),
        (
            "speech-at-the-top",
            "name: a\nuser: Hello\nturns: [{user: a}]",
            "2: `user` must be a block of keys, not a text",
            "what the caller says belongs into an entry of `turns`",
        ),
        (
            "a-bare-phone-number",
            "name: a\ncall:\n  from: +15551230001\nturns: [{user: a}]",
            "3: `from` must be a text, but YAML reads `+15551230001` as a number",
            'quote it: `from: "+15551230001"`',
        ),
        (
            "a-bare-parameter",
            "name: a\ncall: {parameters: {id: 42}}\nturns: [{user: a}]",
            "2: `id` must be a text, but YAML reads `42` as a number",
            'quote it: `id: "42"`',
        ),
        (
            "P-13-a-parameter-of-500-characters",
            f"name: a\ncall:\n  parameters:\n    id: {'x' * 498}\nturns: [{{user: a}}]",
            "4: parameter `id` has 500 characters, name and value together; the network takes 499",
            "shorten it",
        ),
        (
            "an-impairment-to-come",
            "name: a\nline: {loss: 1}\nturns: [{user: a}]",
            "2: `loss` under `line` does not exist yet",
            "remove it",
        ),
        (
            "the-level-impairment",
            "name: a\nline: {level: -31}\nturns: [{user: a}]",
            "2: `level` under `line` does not exist yet",
            "remove it; the caller's level is `level_dbov`",
        ),
        (
            "a-loud-line",
            "name: a\nline: {level_dbov: loud}\nturns: [{user: a}]",
            "2: `level_dbov` must be a number or `keep`, not `loud`",
            "write the number without quotes and without a unit",
        ),
        (
            "noise-that-is-not-a-number",
            "name: a\nline: {line_noise_dbov: .nan}\nturns: [{user: a}]",
            "2: `line_noise_dbov` must be an ordinary number, not `.nan`",
            "correct the number",
        ),
        (
            "a-missing-recording",
            "name: a\nturns:\n  - user: a\n    audio: sub/a.wav",
            "4: `audio` names <folder>/sub/a.wav, which does not exist",
            "correct the path; it counts from <folder>",
        ),
        (
            "a-folder-for-a-recording",
            "name: a\nline:\n  noise: {audio: ., snr_db: 5}\nturns: [{user: a}]",
            "3: `audio` names <folder>, which is not a file",
            "name a file",
        ),
        (
            "no-scenarios",
            "name: a\nscenarios: []",
            "2: `scenarios` is empty",
            "fill it in, or remove the key",
        ),
        (
            "a-nameless-scenario",
            "name: a\nscenarios:\n  - turns: [{user: a}]",
            "3: `name` is missing in `scenarios`",
            "add `name:`",
        ),
        (
            "two-of-a-name",
            "name: a\nturns: [{user: a}]\nscenarios:\n  - name: b\n  - name: b",
            "5: two scenarios are called `a/b`",
            "rename one of them",
        ),
        (
            "scenarios-in-a-scenario",
            "name: a\nscenarios:\n  - {name: b, scenarios: []}",
            "3: unknown key `scenarios`",
            "`scenarios` belongs at the top of the file",
        ),
        (
            "a-default-that-every-scenario-replaces",
            "name: a\nturns: [{usr: a}]\nscenarios:\n  - {name: b, persona: Jo}",
            "2: unknown key `usr`",
            "did you mean `user`?",
        ),
    ),
)
def test_a_mistake_in_a_scenario_is_named_with_its_fix(
    tmp_path: Path, text: str, what: str, fix: str
) -> None:
    assert complaint(tmp_path, text) == f"s.yaml:{what}\n  Fix: {fix}"


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = """\
        name: a
        limts: none
        turns:
          - user: No
            expect:
              - event: respond
        limits: {gap: 0}
        """

    assert complaint(tmp_path, text) == (
        "s.yaml:2: unknown key `limts`\n"
        "  Fix: did you mean `limits`?\n"
        "  s.yaml:4: `user` must be a text, but YAML reads `No` as a yes or no\n"
        '    Fix: quote it: `user: "No"`\n'
        "  s.yaml:6: unknown event `respond`\n"
        "    Fix: did you mean `response`?\n"
        "  s.yaml:7: unknown metric `gap`\n"
        "    Fix: did you mean `gaps`?"
    )
