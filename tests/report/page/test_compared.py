"""The page of `compare`: two runs side by side."""

from measurement.comparison.runs import answered, file_of, run
from pipecat_voice_test.measurement.comparison.document import read_baseline, read_run
from pipecat_voice_test.measurement.comparison.rules import compare
from pipecat_voice_test.measurement.results import RunResult
from pipecat_voice_test.report.page.compared import comparison_html

from report.page.reading import Element, all_of, read, text_of

FAST = run(answered(*[640.0] * 5))
SLOW = run(answered(*[900.0] * 6))
OTHER = run(answered(*[640.0] * 5, name="Other"))


def compared(base: RunResult, new: RunResult) -> Element:
    was = read_baseline(file_of(base), "base.json")
    now = read_run(file_of(new), "new.json")
    return read(b"".join(comparison_html(was, now, compare(was, now))))


def test_a_regression_is_the_verdict() -> None:
    page = compared(FAST, SLOW)

    assert text_of(page.xpath("//h1")[0]) == "✗ Worse"
    assert "1 regression" in text_of(all_of(page, "p.counts")[0])


def test_nothing_worse_is_said_too() -> None:
    assert text_of(compared(SLOW, FAST).xpath("//h1")[0]) == "✓ No worse"


def test_too_few_values_are_no_pass() -> None:
    page = compared(run(answered(640.0)), run(answered(9000.0)))

    assert text_of(page.xpath("//h1")[0]) == "? Too few values"
    assert "too few values for any verdict" in text_of(page)


def test_what_could_not_be_compared_is_said_with_its_reason() -> None:
    page = compared(FAST, OTHER)

    assert text_of(page.xpath("//h1")[0]) == "? Not comparable"
    assert "NOTHING COULD BE COMPARED" in text_of(page)
    assert "the baseline has no such scenario: Other" in text_of(page)
    assert "only the baseline has this scenario: Opening hours" in text_of(page)


def test_both_runs_values_stand_above_one_axis() -> None:
    page = compared(FAST, SLOW)
    (strip,) = page.xpath("//figure[figcaption/strong='response_ms']/*[local-name()='svg']")
    titles = [text_of(one) for one in strip.xpath(".//*[local-name()='title']")]

    assert [text_of(one) for one in strip.xpath(".//*[@class='row']")] == ["baseline", "now"]
    assert sum(title.startswith("640 ms: call") for title in titles) == 5
    assert sum(title.startswith("900 ms: call") for title in titles) == 6
    assert strip.get("aria-label") == (
        "baseline: response_ms: 5 values from 640 ms to 640 ms, median 640 ms; "
        "now: response_ms: 6 values from 900 ms to 900 ms, median 900 ms"
    )


def test_scenarios_of_one_name_are_paired_in_their_order() -> None:
    both = run(answered(*[600.0] * 5), answered(*[700.0] * 5))
    page = compared(both, both)
    strips = page.xpath("//figure[figcaption/strong='response_ms']/*[local-name()='svg']")

    assert [strip.get("aria-label").count("600 ms") for strip in strips] == [6, 0]
    assert [strip.get("aria-label").count("700 ms") for strip in strips] == [0, 6]


def test_it_runs_no_script_but_the_theme_s() -> None:
    page = compared(FAST, SLOW)
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")

    assert len(page.xpath("//script")) == policy.count("'sha256-") - 1 == 1
