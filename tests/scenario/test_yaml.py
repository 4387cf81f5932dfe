"""YAML is read as Pipecat reads its evals, with bounds for files from strangers."""

from pathlib import Path

import pytest
from pipecat_voice_test.scenario.load import MAX_FILE_BYTES
from pipecat_voice_test.scenario.reading.yaml_reader import MAX_FILES, MAX_NODES
from pipecat_voice_test.scenario.reading.yaml_text import MAX_DEPTH

from scenario.texts import complaint, scenario, write


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        pytest.param("012", "012", id="a-leading-zero-stays"),
        pytest.param("123", "123", id="a-plain-number-is-taken"),
        pytest.param('"123#"', "123#", id="quoted-keys-are-taken"),
        pytest.param("0", "0", id="zero-is-a-key"),
        pytest.param("00", "00", id="two-zeros-stay-two"),
    ],
)
def test_digits_to_press_keep_their_spelling(tmp_path: Path, written: str, keys: str) -> None:
    assert scenario(tmp_path, f"name: a\nturns: [{{dtmf: {written}}}]").turns[0].dtmf == keys


@pytest.mark.parametrize(
    ("data", "what", "fix"),
    [
        pytest.param(
            b"name: a\nturns:\n\t- user: b",
            "3: there is a tab where YAML allows only spaces",
            "indent with spaces",
            id="a-tab",
        ),
        pytest.param(
            b"name: a\nturns: [{user: caf\xe9}]",
            "2: byte 0xE9 is not UTF-8",
            "save the file as UTF-8",
            id="latin-1",
        ),
        pytest.param(
            "name: a".encode("utf-16"),
            "1: byte 0xFF is not UTF-8 (it looks like UTF-16)",
            "save the file as UTF-8",
            id="utf-16",
        ),
        pytest.param(
            b"name: a\nturns: [{user: '\x00'}]",
            "2: character U+0000 may not stand in a YAML file",
            "remove it; a text in double quotes may hold it as an escape",
            id="a-nul",
        ),
        pytest.param(
            b"name: a\nturns:\n  - user: b\n    user: c",
            "4: key `user` is given twice; the first is on line 3",
            "remove one of them",
            id="a-key-given-twice",
        ),
        pytest.param(
            b"name: a\nturns: [{user: !secret b}]",
            "2: unknown tag `!secret`",
            "only `!include` is known here; quote a text that begins with `!`",
            id="an-unknown-tag",
        ),
        pytest.param(
            b"name: a\nturns: !!python/object:os.system {}",
            "2: unknown tag `!!python/object:os.system`",
            "only `!include` is known here; quote a text that begins with `!`",
            id="a-python-tag",
        ),
        pytest.param(
            b"name: a\nx-loop: &a [*a]",
            "2: this alias stands for a value that contains it",
            "write the value out where it is needed",
            id="an-alias-loop",
        ),
        pytest.param(
            b"name: a\nturns:\n  - &a\n    <<: *a",
            "3: this alias stands for a value that contains it",
            "write the value out where it is needed",
            id="a-merge-loop",
        ),
        pytest.param(
            b"name: a\nturns: [{user: *b}]",
            "2: not YAML: found undefined alias 'b'",
            "quote the text",
            id="an-unknown-alias",
        ),
        pytest.param(
            b"name: a\nturns:\n  - user: Well: no",
            "3: not YAML: mapping values are not allowed here",
            "quote a text that holds `: `, or check the indentation",
            id="a-bare-colon",
        ),
        pytest.param(
            b'name: a\nturns:\n  - user: "b\n  - user: c\n',
            "3: not YAML: a quote opened here is not closed",
            "close it",
            id="an-open-quote",
        ),
        pytest.param(
            b"name: a\nturns: [{user: b}\n\n",
            "2: not YAML: a bracket opened here is not closed",
            "close it",
            id="an-open-bracket",
        ),
        pytest.param(
            b"name: a\nturns: [{user: b}]\n---\nname: c",
            "3: not YAML: expected a single document in the stream",
            "remove the `---`; a file of several scenarios holds them under `scenarios:`",
            id="a-second-document",
        ),
        pytest.param(
            b"name: a\nturns: [{user: b}]\n? [c]\n: d",
            "3: a key must be a word, not a list or a block",
            "quote a text that begins with `[`, `{` or `?`",
            id="a-list-as-a-key",
        ),
        pytest.param(
            b"name: a\nx-deep: " + b"[" * 100_000,
            f"2: lists and blocks are nested more than {MAX_DEPTH} deep",
            "nest less",
            id="a-deep-nest",
        ),
        pytest.param(
            b"name: a\nx-many: [" + b"a," * MAX_NODES + b"]",
            f"2: the file has more than {MAX_NODES} values once its aliases are filled in",
            "split it, or use fewer aliases",
            id="many-values",
        ),
        pytest.param(
            b"name: a\n" + b"#" * MAX_FILE_BYTES,
            f"1: s.yaml has more than {MAX_FILE_BYTES} bytes",
            "split it",
            id="a-big-file",
        ),
        pytest.param(
            b"name: a\nturns: !include s.yaml",
            "2: s.yaml includes itself",
            "remove this `!include`, or move what both files need into a third one",
            id="an-include-loop",
        ),
        pytest.param(
            b"name: a\nturns: !include",
            "2: `!include` needs the path of a file",
            "write `!include x.yaml`",
            id="an-include-of-nothing",
        ),
        pytest.param(
            b"name: a\nturns: !include ../x.yaml",
            "2: `!include` names <outside>/x.yaml, which lies outside of <folder>",
            "move it under <folder>; a scenario may use nothing else",
            id="an-include-from-outside",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, data: bytes, what: str, fix: str) -> None:
    said = complaint(tmp_path, data).replace(str(tmp_path.parent), "<outside>")

    assert said == f"s.yaml:{what}\n  Fix: {fix}"


def test_a_billion_laughs_are_refused_at_the_bound(tmp_path: Path) -> None:
    lines = ["x-0: &a0 [ha, ha]"]
    lines += [f"x-{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 30)]

    said = complaint(tmp_path, "\n".join(["name: a", *lines]))

    assert f"more than {MAX_NODES} values once its aliases are filled in" in said


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xef\xbb\xbfname: a\nturns:\n  - user: b\n", id="a-byte-order-mark"),
        pytest.param(b"name: a\r\nturns:\r\n  - user: b\r\n", id="windows-line-ends"),
        pytest.param(b"---\nname: a\nturns:\n- user: b\n...\n", id="document-marks"),
    ],
)
def test_files_of_other_editors_are_fine(tmp_path: Path, data: bytes) -> None:
    (turn,) = scenario(tmp_path, data.decode("utf-8-sig")).turns

    assert turn.parts == ("b",)
    assert turn.line == data[: data.index(b"user")].count(b"\n") + 1


def test_line_numbers_are_those_of_an_editor(tmp_path: Path) -> None:
    # YAML counts U+2028 as a line break, editors do not.
    assert complaint(tmp_path, "name: a\nx-a: 'b\u2028c'\nturns: 5\n").startswith("s.yaml:3: ")


def test_aliases_and_merge_keys_are_filled_in(tmp_path: Path) -> None:
    read = scenario(
        tmp_path,
        """\
        name: a
        x-turn: &base {user: base, expect: &answer [{event: response, within_ms: 900}]}
        turns:
          - *base
          - <<: [*base, {slow: true}]
            user: own
          - {dtmf: 1, expect: *answer}
        """,
    )

    assert [(turn.text, turn.dtmf, turn.slow) for turn in read.turns] == [
        ("base", "", False),
        ("own", "", True),
        (None, "1", False),
    ]
    assert {turn.expect[0].within_ms for turn in read.turns} == {900}


def test_an_include_counts_from_the_top_file_and_may_stand_anywhere(tmp_path: Path) -> None:
    write(tmp_path, "user: Hello\nexpect: !include parts/expect.yaml", "parts/turn.yaml")
    write(tmp_path, "- event: response\n- !include parts/one.yaml", "parts/expect.yaml")
    write(tmp_path, "event: clear", "parts/one.yaml")

    read = scenario(
        tmp_path,
        """\
        name: a
        judge: !include parts/one.yaml
        turns:
          - user: Before
          - !include parts/turn.yaml
        """,
    )

    assert [turn.text for turn in read.turns] == ["Before", "Hello"]
    assert [wanted.written for wanted in read.turns[1].expect] == ["response", "clear"]


def test_what_is_included_has_the_line_of_the_include_in_reports(tmp_path: Path) -> None:
    write(tmp_path, "# a comment\n- user: Hello\n  expect: [{event: clear}]", "turns.yaml")

    (turn,) = scenario(tmp_path, "name: a\n\n\nturns: !include turns.yaml").turns

    assert (turn.line, turn.expect[0].line) == (4, 4)


def test_a_mistake_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    write(tmp_path, "- user: Hello\n  expct: []", "parts/turns.yaml")

    said = complaint(tmp_path, "name: a\nturns: !include parts/turns.yaml")

    assert said == "parts/turns.yaml:2: unknown key `expct`\n  Fix: did you mean `expect`?"


def test_at_most_fifty_files_are_read(tmp_path: Path) -> None:
    for number in range(MAX_FILES):
        write(tmp_path, "{user: a}", f"{number}.yaml")
    turns = "".join(f"  - !include {number}.yaml\n" for number in range(MAX_FILES))

    said = complaint(tmp_path, f"name: a\nturns:\n{turns}")

    assert said.startswith(f"s.yaml:52: a scenario may be made of at most {MAX_FILES} files\n")


def test_one_file_may_be_included_often(tmp_path: Path) -> None:
    write(tmp_path, "{user: a}", "turn.yaml")

    read = scenario(tmp_path, "name: a\nturns:\n" + "  - !include turn.yaml\n" * (MAX_FILES * 2))

    assert [turn.line for turn in read.turns] == list(range(3, 3 + MAX_FILES * 2))


def test_depth_counts_through_includes(tmp_path: Path) -> None:
    write(tmp_path, "[" * 30 + "]" * 30, "deep.yaml")

    said = complaint(tmp_path, "name: a\nx-a: " + "[" * 30 + "!include deep.yaml" + "]" * 30)

    assert said.startswith(f"deep.yaml:1: lists and blocks are nested more than {MAX_DEPTH} deep")
