"""Whether several runs are parts of one, and what of it is missing.

A shard tells by itself which it is and which scenarios it had (`Share`). Runs that are not
shards belong together if nothing but their scenarios differs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipecat_voice_test.errors import UsageError, VoiceTestError
from pipecat_voice_test.measurement.results import RunError, RunResult, Verdict
from pipecat_voice_test.report.text import masked, one_line

MISSING_SHARD = "missing_shard"
_NAMES_SHOWN = 5
_ONE_RUN = "give the results of one run only: every shard with the same bot, options and version."
_SAME_SCENARIOS = "run every shard on the same commit, with the same paths, `-k` and `--tag`."


@dataclass(frozen=True, slots=True)
class Part:
    """One of the runs.

    Attributes:
        shown: Its folder, as people write it.
        version: Of the program that held it.
    """

    shown: str
    run: RunResult
    version: str

    @property
    def called(self) -> str:
        """What people call it: its shard, or where it lies."""
        return self.shown if self.run.shard is None else str(self.run.shard)


def refuse_misfits(parts: Sequence[Part]) -> None:
    """Let only those go on that can be one run.

    Raises:
        UsageError: Two of them cannot, for a reason that is given.
    """
    shards = [part for part in parts if part.run.shard is not None]
    _refuse_other_shards(shards)
    # One in which nothing was selected, or that never began, says nothing of these.
    _refuse_other_runs([part for part in parts if part.run.scenarios])
    _refuse_same_scenarios(parts)
    _refuse_other_shares(shards)


def missing_shard(parts: Sequence[Part]) -> RunError | None:
    """What to say of shards that are not there."""
    shards = [part.run.shard for part in parts if part.run.shard is not None]
    if not shards:
        return None
    total = shards[0].total
    missing = sorted({*range(1, total + 1)} - {shard.index for shard in shards})
    if not missing:
        return None
    several = len(missing) > 1
    what = f"shard{'s' * several} {_listed(list(map(str, missing)))} of {total} "
    what += "are missing" if several else "is missing"
    if lost := _scenarios_lost(parts):
        what += f", and with {'them' if several else 'it'} {lost}"
    error = VoiceTestError(
        f"{what}.",
        fix="look why its job left no results, and merge again with them; a job that fails must "
        "keep them too (`if: always()` on GitHub, `artifacts: when: always` on GitLab).",
    )
    return RunError(MISSING_SHARD, str(error))


def _scenarios_lost(parts: Sequence[Part]) -> str:
    """How many scenarios are in none of the shards, if all that are there know."""
    shares = [part.run.share for part in parts if part.run.shard is not None]
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        return ""
    lost = known[0].among - sum(len(share.places) for share in known)
    return f"{lost} of {known[0].among} scenarios"


def _refuse_other_shards(shards: Sequence[Part]) -> None:
    met: dict[int, Part] = {}
    for part in shards:
        shard, first = part.run.shard, shards[0].run.shard
        assert shard is not None
        assert first is not None
        if shard.total != first.total:
            raise UsageError(
                f"{shards[0].shown} is {first}, and {part.shown} is {shard}.",
                fix="give the shards of one run only.",
            )
        if (other := met.setdefault(shard.index, part)) is not part:
            raise UsageError(
                f"{shard} is in both {other.shown} and {part.shown}.",
                fix="leave one of them out: of a job that was started again, the older.\n"
                "Jobs that were each divided are merged each by itself first, then together.",
            )


def _refuse_other_runs(parts: Sequence[Part]) -> None:
    first: dict[str, tuple[Part, str]] = {}
    for part in parts:
        for name, fact in _facts(part).items():
            one, was = first.setdefault(name, (part, fact))
            if was != fact:
                raise UsageError(
                    f"{one.shown} and {part.shown} are not of one run: {name} is {was} in the "
                    f"one, and {fact} in the other.",
                    fix=_ONE_RUN,
                )


def _facts(part: Part) -> Mapping[str, str]:
    """What all calls of a run have in common, as people read it; what is not known is left out."""
    run, settings = part.run, part.run.settings
    facts = {
        "the version": part.version,
        "the seed": str(run.seed),
        "the bot": one_line(masked(f"{run.bot.launcher} {run.bot.name}")),
        "the provider": settings.provider,
        "`--workers`": str(settings.workers),
        "`--repeat`": str(settings.repeat),
        "`--fresh-bot`": "on" if settings.fresh_bot else "off",
    }
    if run.compared is not None:
        file = masked(run.compared.base)
        facts["the baseline"] = one_line(f"{file} of {run.compared.base_started_at}")
    elif all(result.verdict is not Verdict.NOT_RUN for result in run.scenarios):
        facts["the baseline"] = "none"  # A run that was killed did not get to comparing.
    return facts


def _refuse_same_scenarios(parts: Sequence[Part]) -> None:
    """Names are what results are kept by, and no run has one twice."""
    met: dict[str, Part] = {}
    for part in parts:
        names = [result.scenario.name for result in part.run.scenarios]
        if twice := [name for name in names if met.setdefault(name, part) is not part]:
            raise UsageError(
                f"scenario `{one_line(twice[0])}` is in both {met[twice[0]].shown} "
                f"and {part.shown}.",
                fix="leave one of them out; `--shard I/N` deals each scenario to one shard only.",
                evidence=_also(twice[1:]),
            )


def _also(names: Sequence[str]) -> str:
    return f"So are {_listed([one_line(name) for name in names])}." if names else ""


def _refuse_other_shares(shards: Sequence[Part]) -> None:
    """Shards of different scenarios would leave some out, and nobody would know."""
    for why in _why_not_one_deal(shards):
        raise UsageError(
            f"the shards were not dealt from the same scenarios: {why}.", fix=_SAME_SCENARIOS
        )


def _why_not_one_deal(shards: Sequence[Part]) -> Iterator[str]:
    known = [(part, part.run.share) for part in shards if part.run.share is not None]
    places: dict[int, Part] = {}
    for part, share in known:
        first, first_share = known[0]
        if len(share.places) != len(part.run.scenarios):
            yield f"{part.shown} has {len(share.places)} by one count, and not by the other"
        if share.among != first_share.among:
            yield (
                f"{first.shown} has {len(first_share.places)} of {first_share.among}, "
                f"and {part.shown} {len(share.places)} of {share.among}"
            )
        for place in share.places:
            if (other := places.setdefault(place, part)) is not part:
                yield f"{other.shown} and {part.shown} both have number {place + 1}"
    if known and len(known) == len(shards) and missing_shard(shards) is None:
        among = known[0][1].among
        if len(places) != among:
            yield f"all shards are there, and have {len(places)} of {among}"


def _listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`, and no more than a few."""
    more = len(names) - _NAMES_SHOWN
    shown = [*names[:_NAMES_SHOWN], f"{more} more"] if more > 0 else [*names]
    *first, last = shown
    return f"{', '.join(first)} and {last}" if first else last
