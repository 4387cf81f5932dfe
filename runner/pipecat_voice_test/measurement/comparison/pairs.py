"""Which scenarios of two runs can be held against each other: M-31."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pipecat_voice_test.measurement.comparison.model import Measured, MeasuredScenario
from pipecat_voice_test.measurement.fitness import why_starved
from pipecat_voice_test.timeline import Rig

ONLY_THEN = "only the baseline has this scenario"
_SHARE_PLACES = 4  # As results.json has them.

Pair = tuple[MeasuredScenario | None, MeasuredScenario | None]


def paired(base: Measured, new: Measured) -> Iterator[Pair]:
    """Scenarios of one name, base and new, in the order of the new run.

    Names that occur several times are paired in their order. A side is None where the other run
    has nothing to go with it; those of the baseline come last.
    """
    left: dict[str, list[MeasuredScenario]] = defaultdict(list)
    for was in base.scenarios:
        left[was.name].append(was)
    for now in new.scenarios:
        same_name = left[now.name]
        yield (same_name.pop(0) if same_name else None), now
    yield from ((was, None) for same_name in left.values() for was in same_name)


def why_not_comparable(
    base: Measured, new: Measured, was: MeasuredScenario | None, now: MeasuredScenario | None
) -> str:
    """Why two sides of a pair cannot be held against each other, or empty."""
    if was is None:
        return "the baseline has no such scenario"
    if now is None:
        return ONLY_THEN
    if not was.judged or was.fingerprint is None:
        return f"no call could be judged in the baseline: {_first_line(was.why_not)}"
    if not now.judged or now.fingerprint is None:
        return f"no call could be judged now: {_first_line(now.why_not)}"
    if len(now.starved) == now.judged:
        return "no CPU was free for the bot in any call that could be judged"
    if base.runner != new.runner:
        return f"the baseline's machine was {base.runner!r}, this one is {new.runner!r}"
    if base.settings.provider != new.settings.provider:
        return f"the provider was {base.settings.provider} and is {new.settings.provider}"
    if was.fingerprint.script_sha256 != now.fingerprint.script_sha256:
        return "the scenario's text has changed since the baseline"
    if was.fingerprint.line != now.fingerprint.line:
        return _line_changed(was.fingerprint.line, now.fingerprint.line)
    if was.fingerprint.audio_sha256 == now.fingerprint.audio_sha256:
        return ""
    if base.seed != new.seed:
        return f"the seed was {base.seed} and is {new.seed}, so the line sounds different"
    return "the caller's audio has changed since the baseline (a recording, or the speech engine)"


def is_starved(rig: Rig) -> bool:
    """Whether the bot may have been slow for want of a CPU."""
    stolen, starved = (
        None if share is None else round(share, _SHARE_PLACES)
        for share in (rig.stolen, rig.starved)
    )
    return bool(why_starved(Rig(stolen=stolen, starved=starved)))


def _line_changed(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    keys = [
        key for key in (*was, *(k for k in now if k not in was)) if was.get(key) != now.get(key)
    ]
    changes = (f"{key} was {_shown(was.get(key))} and is {_shown(now.get(key))}" for key in keys)
    return f"the line has changed since the baseline: {', '.join(changes)}"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{value.get('audio')} at {value.get('snr_db'):g} dB"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _first_line(text: str) -> str:
    return text.partition("\n")[0] or "it was not made ready"
