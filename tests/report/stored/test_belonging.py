"""What is joined is of one run, and what is missing of it is said."""

from dataclasses import replace
from typing import Any

import pytest
from pipecat_voice_test.errors import UsageError
from pipecat_voice_test.measurement.comparison.model import Compared, Settings
from pipecat_voice_test.measurement.results import BotFacts, Verdict
from pipecat_voice_test.report.stored.belonging import Part, missing_shard, refuse_misfits

from report.stored.parts import of, part, passed, three

A, B = passed("a"), passed("b", line=9)
SETTINGS = Settings()
BASELINE = Compared("main.json", "1.2.3", "2026-01-01T00:00:00Z")
ONE_RUN = (
    "  Fix: give the results of one run only: every shard with the same bot, options and version."
)
SAME_SCENARIOS = "  Fix: run every shard on the same commit, with the same paths, `-k` and `--tag`."


def refusal(*parts: Part) -> str:
    with pytest.raises(UsageError) as caught:
        refuse_misfits(parts)
    return str(caught.value)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(three(), id="all-shards"),
        pytest.param(three()[1:], id="a-shard-is-missing"),
        pytest.param([part("out", A)], id="one-run"),
        pytest.param([part("hours", A), part("booking", B)], id="runs-of-other-scenarios"),
        pytest.param([*three(), part("booking", passed("f"))], id="shards-and-another-run"),
        pytest.param(
            [
                part("out/1", A, shard=(1, 2), share=([0], 1)),
                part("out/2", shard=(2, 2), share=([], 1), settings=replace(SETTINGS, workers=4)),
            ],
            id="a-shard-without-work",
        ),
        pytest.param(
            [
                part("out/1", A, shard=(1, 2), share=([0], 2)),
                part("out/2", shard=(2, 2), seed=0, bot=BotFacts("command", "no bot was started")),
            ],
            id="a-shard-that-never-began",
        ),
        pytest.param(
            [
                part("out/1", A, shard=(1, 2), share=([0], 2), compared=BASELINE),
                part("out/2", of("b", Verdict.NOT_RUN), shard=(2, 2), share=([1], 2)),
            ],
            id="a-shard-that-was-killed-before-it-was-compared",
        ),
    ],
)
def test_parts_of_one_run_go_on(parts: list[Part]) -> None:
    refuse_misfits(parts)


def test_no_shard_is_taken_twice() -> None:
    first, second, _ = three()

    assert refusal(first, second, replace(second, shown="again/2")) == (
        "shard 2 of 3 is in both out/2 and again/2.\n"
        "  Fix: leave one of them out: of a job that was started again, the older.\n"
        "       Jobs that were each divided are merged each by itself first, then together."
    )


def test_shards_of_other_runs_are_refused() -> None:
    assert refusal(
        part("out/1", A, shard=(1, 2)), part("out/2", B, shard=(2, 3))
    ) == (
        "out/1 is shard 1 of 2, and out/2 is shard 2 of 3.\n"
        "  Fix: give the shards of one run only."
    )  # fmt: skip


@pytest.mark.parametrize(
    ("other", "name", "was", "now"),
    [
        pytest.param({"version": "1.2.4"}, "the version", "1.2.3", "1.2.4", id="version"),
        pytest.param({"seed": 8}, "the seed", "7", "8", id="seed"),
        pytest.param(
            {"bot": BotFacts("image", "shop/bot:2")},
            "the bot", "image shop/bot:ci", "image shop/bot:2", id="bot",
        ),
        pytest.param(
            {"bot": BotFacts("url", "wss://bot.example.test/ws?token=s3cret\n::error::x")},
            "the bot", "image shop/bot:ci",
            "url wss://bot.example.test/ws?token=*** : :error::x", id="bot-with-a-secret",
        ),
        pytest.param(
            {"settings": replace(SETTINGS, provider="other")}, "the provider", "twilio", "other",
            id="provider",
        ),
        pytest.param(
            {"settings": replace(SETTINGS, workers=4)}, "`--workers`", "1", "4", id="workers"
        ),
        pytest.param(
            {"settings": replace(SETTINGS, repeat=5)}, "`--repeat`", "1", "5", id="repeat"
        ),
        pytest.param(
            {"settings": replace(SETTINGS, fresh_bot=True)}, "`--fresh-bot`", "off", "on",
            id="fresh-bot",
        ),
        pytest.param(
            {"compared": BASELINE},
            "the baseline", "none", "main.json of 2026-01-01T00:00:00Z", id="baseline",
        ),
    ],
)  # fmt: skip
def test_runs_that_differ_in_more_than_their_scenarios_are_refused(
    other: dict[str, Any], name: str, was: str, now: str
) -> None:
    assert refusal(part("hours", A), part("booking", B, **other)) == (
        f"hours and booking are not of one run: {name} is {was} in the one, "
        f"and {now} in the other.\n{ONE_RUN}"
    )


def test_no_scenario_is_taken_twice() -> None:
    """Results are kept by name."""
    whole = part("whole", *(passed(name) for name in "ab"))

    assert refusal(*three(), whole) == (
        "scenario `a` is in both out/1 and whole.\n"
        "  Fix: leave one of them out; `--shard I/N` deals each scenario to one shard only.\n"
        "  So are b."
    )


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        pytest.param(
            [
                part("out/1", A, shard=(1, 2), share=([0], 2)),
                part("out/2", B, shard=(2, 2), share=([2], 3)),
            ],
            "out/1 has 1 of 2, and out/2 1 of 3",
            id="another-number",
        ),
        pytest.param(
            [
                part("out/1", A, shard=(1, 2), share=([0], 2)),
                part("out/2", B, shard=(2, 2), share=([0], 2)),
            ],
            "out/1 and out/2 both have number 1",
            id="renamed",
        ),
        pytest.param(
            [
                part("out/1", A, shard=(1, 2), share=([0], 3)),
                part("out/2", B, shard=(2, 2), share=([2], 3)),
            ],
            "all shards are there, and have 2 of 3",
            id="one-is-in-none",
        ),
        pytest.param(
            [part("out/1", A, shard=(1, 1), share=([0, 1], 2))],
            "out/1 has 2 by one count, and not by the other",
            id="counted-wrongly",
        ),
    ],
)
def test_shards_of_other_scenarios_are_refused(parts: list[Part], why: str) -> None:
    """Scenarios that are in no shard would be missed by nobody."""
    assert refusal(*parts) == (
        f"the shards were not dealt from the same scenarios: {why}.\n{SAME_SCENARIOS}"
    )


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        pytest.param(three()[:2], "shard 3 of 3 is missing, and with it 1 of 5 scenarios", id="1"),
        pytest.param(
            three()[1:2], "shards 1 and 3 of 3 are missing, and with them 3 of 5 scenarios", id="2"
        ),
        pytest.param(
            [part("out/2", A, shard=(2, 9), share=([0], 20))],
            "shards 1, 3, 4, 5, 6 and 3 more of 9 are missing, and with them 19 of 20 scenarios",
            id="many",
        ),
        pytest.param(
            [part("out/2", shard=(2, 2))], "shard 1 of 2 is missing", id="nobody-knows-of-which"
        ),
    ],
)
def test_a_missing_shard_is_an_error_of_the_run(parts: list[Part], what: str) -> None:
    error = missing_shard(parts)

    assert error is not None
    assert error.kind == "missing_shard"
    assert error.message == (
        f"{what}.\n"
        "  Fix: look why its job left no results, and merge again with them; a job that fails must "
        "keep them too (`if: always()` on GitHub, `artifacts: when: always` on GitLab)."
    )


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(three(), id="all-shards"),
        pytest.param([part("out", A)], id="no-shard"),
        pytest.param([part("out", A, shard=(1, 1), share=([0], 1))], id="the-only-one"),
    ],
)
def test_nothing_is_missing(parts: list[Part]) -> None:
    assert missing_shard(parts) is None
