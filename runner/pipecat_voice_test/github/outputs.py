"""What later steps of the job can read: `steps.<id>.outputs.<name>`.

Each value is written between two lines of a delimiter that nobody can guess, so that no value
can end itself and set another output.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
(multiline strings)
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from pipecat_voice_test.measurement.repeats.whole_run import verdict_of
from pipecat_voice_test.measurement.results import RunResult, Verdict
from pipecat_voice_test.report.facts import Figures, figures, pooled, rounded
from pipecat_voice_test.report.files import JUNIT, PAGE, SUMMARY, Place


def outputs_of(
    result: RunResult, place: Place, code: int, is_there: Callable[[str], bool]
) -> dict[str, str]:
    """Every output of action.yml, in its order; one that has nothing to say is empty.

    Args:
        result: How the run came out.
        place: Where its files lie.
        code: What the command exits with.
        is_there: Whether a file of the results' folder was written.
    """
    verdicts = [scenario.verdict for scenario in result.scenarios]
    response = _over_all_calls(result, "response_ms")
    stop = _over_all_calls(result, "stop_ms")
    return {
        "result": verdict_of(code).value,
        "exit-code": str(int(code)),
        "total": str(len(verdicts)),
        "passed": str(verdicts.count(Verdict.PASSED)),
        "failed": str(verdicts.count(Verdict.FAILED)),
        "flaky": str(verdicts.count(Verdict.FLAKY)),
        "inconclusive": str(verdicts.count(Verdict.INCONCLUSIVE)),
        "junit-file": _first_of((JUNIT,), place, is_there),
        "report-file": _first_of((PAGE, SUMMARY), place, is_there),
        "output-dir": place.shown(".") if is_there(".") else "",
        "response-median-ms": "" if response is None else _ms(response.median),
        "stop-max-ms": "" if stop is None else _ms(stop.max),
    }


def as_file(outputs: Mapping[str, str], delimiter: Callable[[], str]) -> str:
    """What to append to the file that `GITHUB_OUTPUT` names.

    Args:
        outputs: Values by name.
        delimiter: Gives another one every time, as no value may contain it.
    """
    return "".join(_between(name, value, delimiter) for name, value in outputs.items())


def _between(name: str, value: str, delimiter: Callable[[], str]) -> str:
    end = delimiter()
    while end in value:
        end = delimiter()
    return f"{name}<<{end}\n{value}\n{end}\n"


def _first_of(files: Iterable[str], place: Place, is_there: Callable[[str], bool]) -> str:
    return next((place.shown(file) for file in files if is_there(file)), "")


def _over_all_calls(result: RunResult, metric: str) -> Figures | None:
    pools = (pooled(scenario).get(metric) for scenario in result.scenarios)
    found = (zip(pool.values, pool.calls, strict=True) for pool in pools if pool is not None)
    return figures(chain.from_iterable(found))


def _ms(value: float) -> str:
    return str(rounded("response_ms", value))
