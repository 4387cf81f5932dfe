"""The fixture `voice_call`, as a user's pytest finds it; issue 6."""

from xml.etree import ElementTree as ET

import pytest

from library.conftest import Held
from library.user_tests import Ran

pytestmark = pytest.mark.realtime


@pytest.fixture
def ran(held_meanwhile: Held) -> Ran:
    return held_meanwhile.user_tests.result()


def test_each_test_calls_the_bot_and_comes_out_as_it_should(ran: Ran) -> None:
    folder, printed = ran
    cases = {
        case.get("name"): {child.tag for child in case}
        for case in ET.parse(folder / "junit.xml").getroot().iter("testcase")
    }

    assert not cases["test_plain"] & {"failure", "error", "skipped"}, printed
    assert not cases["test_in_a_coroutine"] & {"failure", "error", "skipped"}, printed
    assert "failure" in cases["test_that_fails"], printed
    assert "skipped" in cases["test_that_is_skipped"], printed
    assert "properties" not in cases["test_without"]
    assert "turn 1 (line 5): greeting was " in printed
    assert "limit 5" in printed


def test_recordings_lie_in_the_folder_of_the_test_and_are_attached(ran: Ran) -> None:
    folder, printed = ran
    (case,) = (
        case
        for case in ET.parse(folder / "junit.xml").getroot().iter("testcase")
        if case.get("name") == "test_that_fails"
    )

    (recording,) = (p.get("value") for p in case.iter("property") if p.get("name") == "recording")
    assert recording == ("results/tests-test_bot.py-test_that_fails/impatient/call-1/call.wav"), (
        printed
    )
    assert (folder / recording).stat().st_size > 8000
    assert f"[[ATTACHMENT|{recording}]]" in (case.findtext("system-out") or "")
    assert (folder / recording).parents[2].joinpath("report.html").exists()
