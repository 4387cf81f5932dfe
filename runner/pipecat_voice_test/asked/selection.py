"""Which scenarios are to be run here: `-k`, `--tag`, and the share of this machine.

Under `parallel: N` GitLab tells each job which of how many it is. It does so under
`parallel: matrix` too, whose jobs differ in their variables: there every job is to run
everything. Only its name tells: it ends with those variables in brackets, where that of another
ends with `1/2` (and with `[1/2]` under gitlab-ci-local).

Sources: https://docs.gitlab.com/ci/yaml/#parallel,
https://docs.gitlab.com/ci/variables/predefined_variables/,
https://github.com/avajs/ava/issues/2994
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.asked.options import KEYWORD, SHARD, TAG
from pipecat_voice_test.errors import NothingSelected, UsageError
from pipecat_voice_test.report.text import one_line
from pipecat_voice_test.scenario.load import load_paths
from pipecat_voice_test.scenario.model import Scenario
from pipecat_voice_test.scenario.select import select, share_of
from pipecat_voice_test.scenario.shard import Shard, Share

_NAMES_SHOWN = 20
_OF_A_MATRIX = re.compile(r": *\[(?![0-9]+/[0-9]+\]$).*\]$")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be run here.

    Attributes:
        scenarios: In their order; none only if there are more shards than work.
        shard: Whose share they are, or None for all there is.
        among: How many scenarios all shards have together.
        part: Where they stand among those; None without shards.
    """

    scenarios: Sequence[Scenario]
    shard: Shard | None
    among: int
    part: Share | None = None

    @property
    def share(self) -> str:
        """One line about the share for people."""
        if not self.scenarios:
            verb = "is" if self.among == 1 else "are"
            return f"{self.shard} has no scenario: there {verb} {self.among}"
        return f"{self.shard} has {len(self.scenarios)} of {counted(self.among, 'scenario')}"


def selected(given: Given, paths: Sequence[Path]) -> Selection:
    """The scenarios of `paths` that `-k` and `--tag` leave, or this machine's share of them.

    Raises:
        NothingSelected: They leave none.
        ScenarioError: A file is wrong.
        UsageError: A path, the expression or the shard is.
    """
    shard = shard_of(given)
    scenarios = load_paths(paths, cwd=Path.cwd())
    keyword, tags = given(KEYWORD) or "", given.each(TAG)
    chosen = select(scenarios, keyword, tags)
    if not chosen:
        raise _nothing(scenarios, [f"-k {keyword!r}"] * bool(keyword), tags)
    if shard is None:
        return Selection(chosen, None, len(chosen))
    mine = share_of(chosen, shard)
    ours = {one.name for one in mine}  # No two have the same.
    places = tuple(place for place, one in enumerate(chosen) if one.name in ours)
    return Selection(mine, shard, len(chosen), Share(places, len(chosen)))


def shard_of(given: Given, environ: Mapping[str, str] = os.environ) -> Shard | None:
    """What `--shard` says, else what GitLab says under `parallel: N`.

    Raises:
        UsageError: That is no shard.
    """
    asked = given(SHARD)
    if asked is not None:
        return asked
    index, total = environ.get("CI_NODE_INDEX", ""), environ.get("CI_NODE_TOTAL", "")
    if not index or total in ("", "1") or _OF_A_MATRIX.search(environ.get("CI_JOB_NAME", "")):
        return None
    shard = SHARD.kind.read(f"{index}/{total}")
    if shard is None:
        raise UsageError(
            f"`CI_NODE_INDEX={index}` of `CI_NODE_TOTAL={total}` is not "
            f"{SHARD.kind.wanted}, as GitLab counts.",
            fix="say which share is this machine's with `--shard I/N`, or `--shard 1/1` for all.",
        )
    return shard


def named(scenario: Scenario) -> str:
    """Its name and tags, for people."""
    tags = f" [{', '.join(scenario.tags)}]" if scenario.tags else ""
    return one_line(f"{scenario.name}{tags}")


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)


def _nothing(
    scenarios: Sequence[Scenario], asked: Sequence[str], tags: Sequence[str]
) -> NothingSelected:
    asked = [*asked, *(f"--tag {tag}" for tag in tags)]
    more = len(scenarios) - _NAMES_SHOWN
    return NothingSelected(
        f"none of {counted(len(scenarios), 'scenario')} fits {' '.join(asked)}.",
        fix="loosen it; `--list` alone shows names and tags.",
        evidence="\n".join(
            [
                "There are:",
                *(f"  {named(s)}" for s in scenarios[:_NAMES_SHOWN]),
                *([f"  and {more} more"] if more > 0 else []),
            ]
        ),
    )
