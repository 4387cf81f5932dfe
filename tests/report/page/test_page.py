"""report.html, as it is without script: whole, in order, and with nothing in it that may run."""

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from measurement.comparison.runs import answered, file_of
from measurement.comparison.runs import run as compared_run
from pipecat_voice_test.measurement.comparison.document import read_baseline
from pipecat_voice_test.measurement.comparison.of_run import compared
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.files import Place
from pipecat_voice_test.report.page.sound import AudioBudget
from pipecat_voice_test.report.write import ResultsFolder

from report.page.reading import Element, all_of, data_of, page_of, read, text_of
from report.page.real_calls import INTERRUPTING, Case, held
from report.runs import DEAF, LATE, NEVER_STARTED, ONE_OF_EACH, PROMPT, RUNS, call, result, run

CASES = (
    Case('"All well"', log=[(10.0, "INFO ready")]),
    Case('"Slow to yield"', INTERRUPTING, ["--fault", "slow-yield=1500"], [(4000.5, "WARN slow")]),
    Case('"Slower to yield"', INTERRUPTING, ["--fault", "slow-yield=2400"]),
)
GOOD, SLOW, SLOWER = "1-1", "2-1", "3-1"


@dataclass(frozen=True, slots=True)
class Written:
    """A run whose files lie on disk."""

    folder: ResultsFolder
    run: RunResult
    place: Place

    def page(self, audio: AudioBudget | None = None) -> bytes:
        self.folder.write_page(self.run, self.place, audio or AudioBudget())
        return (self.folder.path / "report.html").read_bytes()

    def inside(self, audio: AudioBudget) -> list[str]:
        """The calls whose recordings are in the page."""
        found = all_of(read(self.page(audio)), "script.call-audio")
        return [str(one.get("data-call")) for one in found]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    path = tmp_path_factory.mktemp("page")
    results = [held(case, path / f"scenario-{number}") for number, case in enumerate(CASES)]
    whole = run(*results, verdict=Verdict.FAILED, exit_code=1)
    folder = ResultsFolder(path / "results", working=path)
    for one in results:
        folder.write_call(folder.slug(one.scenario), one.calls[0])
    return Written(folder, whole, folder.write_run(whole))


@pytest.fixture(scope="module")
def page(written: Written) -> Element:
    return read(written.page())


# --- what it says -------------------------------------------------------------------------


def test_the_verdict_stands_first_in_words_with_a_sign(page: Element) -> None:
    (heading,) = page.xpath("//h1")

    assert text_of(heading) == "✗ Failed"
    assert text_of(all_of(page, "p.counts")[0]) == "1 passed, 2 failed in 41.2 s"


def test_the_worst_second_is_the_first_link_after_the_verdict(page: Element) -> None:
    (worst,) = all_of(page, "p.worst")
    (link,) = worst.xpath(".//a")

    assert text_of(worst).endswith("limit 1000 The worst of all, in Slower to yield")
    assert link.get("href") == f"#call-{SLOWER}"
    assert page.xpath("//main")[0].get("data-worst-call") == SLOWER
    assert page.xpath("//main")[0].get("data-worst-ms") == link.get("data-at-ms")


def test_failed_checks_are_links_to_their_second_the_worst_scenario_first(page: Element) -> None:
    troubles = all_of(page, "article.trouble.failed")
    links = [link for one in troubles for link in one.xpath(".//a[contains(@class, 'seek')]")]

    assert [text_of(one.xpath("./h3/a")[0]) for one in troubles] == [
        "Slower to yield",
        "Slow to yield",
    ]
    assert {link.get("data-call") for link in links} == {SLOW, SLOWER}
    for link in links:
        misses = data_of(page, str(link.get("data-call")))["misses"]
        assert int(str(link.get("data-at-ms"))) in [round(miss["at_ms"]) for miss in misses]


@pytest.mark.parametrize("call_id", [GOOD, SLOW, SLOWER])
def test_a_call_s_data_is_what_the_scripts_were_promised(
    page: Element, written: Written, call_id: str
) -> None:
    data = data_of(page, call_id)
    result = written.run.scenarios[int(call_id[0]) - 1].calls[0]

    assert data["duration_ms"] == pytest.approx(result.timeline.duration_ms, abs=0.1)
    assert len(data["said_peaks"]) == len(data["heard_peaks"]) > 400
    assert 0 < max(data["heard_peaks"]) <= 100
    assert data["audio"]["embedded"] is True
    assert (written.folder.path / data["audio"]["file"]).is_file()
    assert (data["worst_ms"] is None) is (result.verdict is Verdict.PASSED)
    assert {"caller", "bot"} == {region["lane"] for region in data["regions"]}


def test_a_call_that_passed_is_folded_and_one_that_failed_is_not(page: Element) -> None:
    calls = {str(one.get("data-call")): one for one in all_of(page, "article.call")}

    is_open = {name: "open" in one.xpath("./details")[0].attrib for name, one in calls.items()}

    assert is_open == {GOOD: False, SLOW: True, SLOWER: True}


def test_the_line_of_the_scenario_that_failed_is_lit_beside_its_calls(page: Element) -> None:
    (slow,) = page.xpath("//section[@id='scenario-2']")

    failing = slow.xpath(".//li[contains(@class, 'failing')]")

    assert [text_of(one.xpath("./code")[0]) for one in failing] == [
        "failed, line 13: - name: interrupt",
        "failed, line 18: - {event: bot_interrupted, within_ms: 1000}",
    ]


def test_who_said_what_when_can_be_read(page: Element) -> None:
    (story,) = page.xpath(f"//article[@id='call-{SLOW}']//ol[contains(@class, 'story')]")
    told = [text_of(line) for line in story]

    assert [line for line in told if "I do not know who sent this." in line]
    assert [line for line in told if re.search(r"bot talks on over the caller", line)]
    assert [line for line in told if re.search(r"failed: .*stop was 1\d\d\d ms, limit 1000", line)]
    assert told[-1].endswith("the caller hung up")
    times = [int(str(line.get("data-at-ms"))) for line in story]
    assert times == sorted(times)


def test_every_metric_with_a_limit_has_a_distribution(page: Element, written: Written) -> None:
    named = [text_of(one) for one in page.xpath("//figure/figcaption/strong")]
    calls = [scenario.calls[0] for scenario in written.run.scenarios]
    gated = {check.metric for one in calls for check in one.checks if check.limit is not None}
    measured = {metric for one in calls for metric in one.metrics}

    assert named[:3] == ["response_ms", "recovery_ms", "stop_ms"]
    assert gated & measured <= set(named)


def test_a_dot_of_a_distribution_leads_to_its_call(page: Element) -> None:
    (strip,) = page.xpath("//figure[figcaption/strong='stop_ms']/*[local-name()='svg']")
    dots = strip.xpath(".//*[local-name()='a']")

    assert {dot.get("data-call") for dot in dots} == {SLOW, SLOWER}
    assert all(dot.xpath("./*[@class='failed']") for dot in dots)
    assert strip.get("aria-label").startswith("stop_ms: 2 values from")


def test_the_bot_s_log_has_the_time_of_its_lines(page: Element) -> None:
    (row,) = page.xpath(f"//article[@id='call-{SLOW}']//table[@class='log']/tbody/tr")

    assert row.get("data-at-ms") == "4000"
    assert [text_of(cell) for cell in row] == ["4.0 s", "WARN slow"]


@pytest.mark.parametrize("name", RUNS)
def test_every_run_has_a_page_with_headings_in_order_and_links_that_lead_somewhere(
    name: str,
) -> None:
    found = read(page_of(RUNS[name]))
    levels = [int(one.tag[1]) for one in found.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    ids = [one.get("id") for one in found.xpath("//*[@id]")]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(ids) == len(set(ids))
    inside = [link.get("href") for link in found.xpath("//a") if link.get("href")[:1] == "#"]
    assert {link[1:] for link in inside} <= set(ids)


def test_a_run_that_never_began_says_why(written: Written) -> None:
    found = read(page_of(NEVER_STARTED))

    assert text_of(found.xpath("//h1")[0]) == "! Error"
    (trouble,) = all_of(found, "article.trouble")
    assert "bind the server to 0.0.0.0" in text_of(trouble)
    assert "Uvicorn running on" in text_of(trouble)
    assert "Nobody was called." in text_of(found)


def test_what_could_not_be_judged_stands_apart_from_what_the_bot_did() -> None:
    text = text_of(read(page_of(ONE_OF_EACH)).xpath("//section[@id='wrong']")[0])
    bot, _, rig = text.partition("Could not be judged")

    assert [name for name in ("late bot", "moody bot") if name in bot] == ["late bot", "moody bot"]
    assert "busy machine" not in bot
    assert "frames were up to 180 ms late, limit 100" in rig
    assert "passed 2 of 3 calls (Wilson 95 %: 21 to 94 %)" in bot
    assert "response was 1700 ms, limit 1500 (median of 8)" in bot


def test_the_worst_of_several_calls_is_first() -> None:
    bad = replace(LATE, value=3900.0, message="response was 3900 ms, limit 1500", at_ms=5000)
    found = read(
        page_of(
            run(
                result(
                    Verdict.FAILED,
                    call(1, Verdict.FAILED, checks=(LATE,)),
                    call(2, Verdict.FAILED, checks=(bad,)),
                    call(3),
                ),
                verdict=Verdict.FAILED,
            )
        )
    )

    assert [text_of(one) for one in all_of(found, "li.fault")[:2]] == [
        "✗failed: 5.0 s turn 3 (line 21): response was 3900 ms, limit 1500 call 2",
        "✗failed: 12.3 s turn 3 (line 21): response was 2210 ms, limit 1500 call 1",
    ]


def test_a_comparison_with_a_baseline_stands_in_the_page_with_what_could_not_be_compared() -> None:
    base = read_baseline(file_of(compared_run(answered(*[640.0] * 5))), "base.json")
    now = compared_run(answered(*[900.0] * 5), answered(*[640.0] * 5, name="New one"))
    found = read(page_of(compared(now, base)))
    (section,) = found.xpath("//section[@id='baseline']")

    assert "compared with base.json" in text_of(section)
    assert "1 regression" in text_of(section)
    assert "the baseline has no such scenario: New one" in text_of(section)
    assert [text_of(row[-1]) for row in section.xpath(".//tbody/tr")] == [
        "✗ regression",
        "✓ no worse",
        "? not comparable",
    ]


def test_a_run_without_a_fault_says_so() -> None:
    found = read(page_of(run(result())))

    assert "Nothing: every check passed." in text_of(found)
    assert found.xpath("//main")[0].get("data-worst-call") is None


# --- recordings ---------------------------------------------------------------------------


def test_all_recordings_are_in_the_page_as_the_caller_heard_them(written: Written) -> None:
    page = read(written.page())
    (audio,) = (one for one in all_of(page, "script.call-audio") if one.get("data-call") == SLOW)
    wav = base64.b64decode(audio.text_content(), validate=True)

    recording = written.folder.path / str(data_of(page, SLOW)["audio"]["file"])
    assert len(wav) - 58 == (recording.stat().st_size - 44) // 2


@pytest.mark.parametrize(
    ("audio", "inside"),
    [
        pytest.param(AudioBudget("all"), [GOOD, SLOW, SLOWER], id="all"),
        pytest.param(AudioBudget("failed"), [SLOW, SLOWER], id="failed"),
        pytest.param(AudioBudget("none"), [], id="none"),
        pytest.param(AudioBudget("all", 1), [], id="no-room"),
    ],
)
def test_only_the_recordings_that_were_asked_for_are_in_the_page(
    written: Written, audio: AudioBudget, inside: list[str]
) -> None:
    assert written.inside(audio) == inside


def test_the_page_is_never_larger_than_its_budget_and_failed_calls_come_first(
    written: Written,
) -> None:
    text_bytes = len(written.page(AudioBudget("none")))
    whole_bytes = len(written.page())
    found = []
    for tenths in range(11):
        page_bytes = text_bytes + (whole_bytes - text_bytes) * tenths // 10
        page = written.page(AudioBudget("all", page_bytes))
        found.append([one.get("data-call") for one in all_of(read(page), "script.call-audio")])
        assert len(page) <= page_bytes or not found[-1]
    assert found[0] == []
    assert [SLOWER] in found
    assert [SLOW, SLOWER] in found
    assert found[-1] == [GOOD, SLOW, SLOWER]
    assert [GOOD] not in found


def test_a_recording_that_is_not_inside_is_linked_and_says_so(written: Written) -> None:
    page = read(written.page(AudioBudget("failed")))
    text = text_of(page.xpath(f"//article[@id='call-{GOOD}']")[0])

    assert "not inside this page (only those of failed calls are)" in text
    assert data_of(page, GOOD)["audio"]["embedded"] is False
    (player,) = page.xpath(f"//div[@class='player' and @data-call='{GOOD}']/audio")
    assert (written.folder.path / str(player.get("src"))).is_file()


def test_a_recording_that_is_gone_is_said_and_costs_nothing() -> None:
    found = read(page_of(ONE_OF_EACH))

    assert "There is no recording of this call." in text_of(found)
    assert not all_of(found, "script.call-audio")


# --- nothing may run but what is ours -----------------------------------------------------


@pytest.mark.parametrize("name", RUNS)
def test_every_script_and_style_is_in_the_policy_and_nothing_else_is(name: str) -> None:
    found = read(page_of(RUNS[name]))
    (policy,) = found.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    blocks = [*found.xpath("//script[not(@type)]"), *found.xpath("//style")]
    hashes = {
        base64.b64encode(hashlib.sha256(one.text_content().encode()).digest()).decode()
        for one in blocks
    }

    assert set(re.findall(r"'sha256-([^']+)'", policy)) == hashes
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("name", RUNS)
def test_there_are_no_handlers_no_style_attributes_and_no_links_to_elsewhere(name: str) -> None:
    found = read(page_of(RUNS[name]))
    attributes = [key for one in found.iter() for key in one.attrib]
    links = found.xpath("//@href | //@src")

    assert [key for key in attributes if key.startswith("on") or key == "style"] == []
    assert [link for link in links if not link.startswith(("#", "./", "data:,"))] == []


def test_the_same_results_give_the_same_page_to_the_byte(written: Written) -> None:
    assert written.page() == written.page()


def test_a_page_of_ours_is_known_by_its_beginning() -> None:
    """So that the next run may write over it."""
    assert b"pipecat-voice-test" in page_of(RUNS["nothing"])[:4096]


def test_a_page_that_fails_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path / "results", working=tmp_path)
    half = run(replace(result(), scenario=None))  # type: ignore[arg-type]

    with pytest.raises(AttributeError):
        folder.write_page(half, Place(tmp_path, tmp_path), AudioBudget())

    assert list((tmp_path / "results").iterdir()) == []


def test_deaf_bots_are_worse_than_late_ones() -> None:
    found = read(
        page_of(
            run(
                result(Verdict.FAILED, call(1, Verdict.FAILED, checks=(LATE,)), name="late"),
                result(Verdict.FAILED, call(1, Verdict.FAILED, checks=(DEAF,)), name="deaf"),
                verdict=Verdict.FAILED,
            )
        )
    )

    assert [text_of(one) for one in found.xpath("//article/h3/a")] == ["deaf", "late"]


def test_what_a_void_call_would_have_missed_is_undecided_and_its_reason_comes_first() -> None:
    slow = "frames were up to 180 ms late, limit 100\n  Fix: use `--workers 1`."
    checks = (replace(one, verdict=Verdict.INCONCLUSIVE) for one in (LATE, PROMPT))
    void = call(1, Verdict.INCONCLUSIVE, checks=tuple(checks), error=slow, error_kind="rig")
    found = read(
        page_of(run(result(Verdict.INCONCLUSIVE, void), verdict=Verdict.INCONCLUSIVE, exit_code=7))
    )
    trouble = text_of(all_of(found, "article.trouble")[0])
    reason, _, undecided = trouble.partition("Fix: use --workers 1.")

    assert reason.endswith("frames were up to 180 ms late, limit 100 ")
    assert undecided == " ?inconclusive: 12.3 s turn 3 (line 21): response was 2210 ms, limit 1500"
    assert not all_of(found, "p.worst")
    assert found.xpath("//main")[0].get("data-worst-call") is None
    assert data_of(found, "1-1")["worst_ms"] is None
    assert len(data_of(found, "1-1")["misses"]) == 1


def test_a_call_that_was_made_again_leads_nobody_to_what_it_missed() -> None:
    void = call(1, Verdict.INCONCLUSIVE, checks=(replace(LATE, verdict=Verdict.INCONCLUSIVE),))
    found = read(page_of(run(result(Verdict.PASSED, replace(void, replaced=True), call(1)))))

    assert data_of(found, "1-1")["misses"] == []
    assert "void, and made again" in text_of(found.xpath("//article[@id='call-1-1']")[0])
    assert "open" not in found.xpath("//article[@id='call-1-1']/details")[0].attrib
    assert "Nothing: every check passed." in text_of(found)


def test_an_advice_is_told_apart_from_what_happened() -> None:
    advised = replace(LATE, message="gaps of 700 ms, limit 200 Fix: send <audio> sooner, `now`.")
    found = read(page_of(run(result(Verdict.FAILED, call(1, Verdict.FAILED, checks=(advised,))))))
    (worst,) = all_of(found, "p.worst")

    assert text_of(worst.xpath(".//a")[0]) == "12.3 s turn 3 (line 21): gaps of 700 ms, limit 200"
    assert text_of(worst.xpath(".//span[@class='fix']")[0]) == "Fix: send <audio> sooner, now."
    assert text_of(worst.xpath(".//code")[0]) == "now"
    assert data_of(found, "1-1")["misses"][0]["text"].endswith("limit 200")
