"""The interpreter leaves calls alone for as long as any run goes on."""

import gc
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from pipecat_voice_test.undisturbed import SWITCH_S, loading, undisturbed


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


@pytest.mark.parametrize("during", [loading, undisturbed])
def test_a_collector_that_was_off_stays_off(
    during: Callable[[], AbstractContextManager[None]],
) -> None:
    gc.disable()
    try:
        with during():
            pass

        assert not gc.isenabled()
    finally:
        gc.enable()


def test_nothing_is_collected_while_modules_are_loaded_and_afterwards_it_is() -> None:
    with loading():
        assert not gc.isenabled()

    assert gc.isenabled()
