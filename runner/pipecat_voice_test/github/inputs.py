"""What the workflow asked for, from the variables in which a container action finds its inputs.

GitHub sets `INPUT_` and the input's name in capitals, with its hyphens, for every input that
action.yml names and for every one that the workflow does. It does not tell an input that was
left out from one that says the default, so either counts as not given: else no input would leave
anything for `voice-test.yaml` to say.

Source: https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#inputs
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_PREFIX = "INPUT_"
_ALIKE = 0.75  # As difflib counts it: `bot-imgae` is, `token` is not.


@dataclass(frozen=True, slots=True)
class Input:
    """One input of action.yml; `several` may be given, one a line."""

    name: str
    default: str = ""
    several: bool = False


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was given, by name of the input, and what was probably meant for us but is not ours."""

    given: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...] = ()


def is_input(variable: str) -> bool:
    return variable.startswith(_PREFIX)


def read_inputs(environ: Mapping[str, str], known: Iterable[Input]) -> Inputs:
    """Read every input that was given; white space around a value is nothing."""
    values = _values(environ)
    by_name = {one.name: one for one in known}
    given: dict[str, tuple[str, ...]] = {}
    for name, one in by_name.items():
        texts = _texts(values.get(name, ""), several=one.several)
        if texts and texts != (one.default,):
            given[name] = texts
    unknown = [_misspelt(name, by_name) for name in values if name not in by_name and values[name]]
    return Inputs(given, tuple(warning for warning in unknown if warning))


def _values(environ: Mapping[str, str]) -> dict[str, str]:
    """By name of the input; a shell between GitHub and us turns hyphens into underscores."""
    values: dict[str, str] = {}
    # `-` sorts before `_`, and the last one counts: what GitHub itself set.
    for variable in sorted(filter(is_input, environ), reverse=True):
        name = variable.removeprefix(_PREFIX).lower().replace("_", "-").replace(" ", "-")
        values[name] = environ[variable].strip()
    return values


def _texts(value: str, *, several: bool) -> tuple[str, ...]:
    lines = value.splitlines() if several else [value]
    return tuple(line.strip() for line in lines if line.strip())


def _misspelt(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)
    return f"there is no input `{name}`; did you mean `{near[0]}`?" if near else ""
