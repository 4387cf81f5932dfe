"""The interpreter leaves calls alone for as long as any run goes on."""

import gc
import sys

from pipecat_voice_test.undisturbed import SWITCH_S, undisturbed


def settings() -> tuple[bool, float]:
    return gc.isenabled(), round(sys.getswitchinterval(), 6)


def test_the_first_run_in_makes_it_quiet_and_the_last_one_out_takes_it_back() -> None:
    before = settings()
    first, second = undisturbed(), undisturbed()

    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert settings() == (False, SWITCH_S)

    second.__exit__(None, None, None)
    assert settings() == before


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with undisturbed():
            pass

        assert not gc.isenabled()
    finally:
        gc.enable()
