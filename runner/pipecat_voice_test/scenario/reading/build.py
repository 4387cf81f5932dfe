"""From the tree of a scenario file to scenarios, or to everything that is wrong with it.

Two passes: the shape of every key (`grammar`), then what the keys mean together. The second
is made only when the first found nothing, since most of its complaints would be echoes.
"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from pipecat_voice_test.scenario.limits import DEFAULT_LIMITS, Limits
from pipecat_voice_test.scenario.model import (
    DEFAULT_TURN_GAP_MS,
    CallSetup,
    Line,
    Noise,
    Scenario,
    Turn,
)
from pipecat_voice_test.scenario.reading.barge_ins import doubts_about
from pipecat_voice_test.scenario.reading.grammar import CallKeys, FileKeys, LineKeys, ScenarioKeys
from pipecat_voice_test.scenario.reading.limit_keys import read_limits
from pipecat_voice_test.scenario.reading.mistakes import Mistake, Place
from pipecat_voice_test.scenario.reading.nodes import Files, Items, Keys, Node, Scalar, plain
from pipecat_voice_test.scenario.reading.turns import build_turns, find_audio, unheard_anchor
from pipecat_voice_test.scenario.reading.wording import mistakes_of

MAX_PARAMETER_CHARACTERS = 499  # Name and value together; PROTOCOL P-13.


def build_scenarios(
    root: Node | None, file: Path, files: Files
) -> tuple[list[Scenario], list[Mistake]]:
    """The scenarios of one file, in its order.

    Args:
        root: The tree of the file.
        file: The path people know it by.
        files: Where recordings are looked for.

    Returns:
        The scenarios, none if there is any mistake, and the mistakes.
    """
    if not isinstance(root, Keys):
        place = Place(1, 1, file) if root is None else root.place
        what = "a scenario file is a block of keys, beginning with `name:`"
        return [], [Mistake(place, what, "write `name:` and `turns:`")]
    root = _without_own_keys(root)
    mistakes = [*_shape_mistakes(FileKeys, root), *_limit_mistakes(root)]
    if mistakes:
        return [], mistakes
    scenarios: list[Scenario] = []
    for merged in _merged(root):
        scenario, wrong = _scenario(merged, file, files)
        mistakes += wrong
        if any(scenario.name == other.name for other in scenarios):
            place = merged.place_of("name")
            what = f"two scenarios are called `{scenario.name}`"
            mistakes.append(Mistake(place, what, "rename one of them"))
        scenarios.append(scenario)
    return ([], mistakes) if mistakes else (scenarios, [])


def _without_own_keys(root: Keys) -> Keys:
    """Without the keys that are the author's own (`x-…`), at the top and in each scenario."""
    entries = {key: node for key, node in root.entries.items() if not key.startswith("x-")}
    several = entries.get("scenarios")
    if isinstance(several, Items):
        items = [
            _without_own_keys(item) if isinstance(item, Keys) else item for item in several.items
        ]
        entries["scenarios"] = Items(several.place, tuple(items))
    return Keys(root.place, entries, root.places)


def _shape_mistakes(model: type[BaseModel], node: Keys) -> list[Mistake]:
    try:
        model.model_validate(plain(node))
    except ValidationError as error:
        return list(mistakes_of([dict(detail) for detail in error.errors()], node))
    return []


def _limit_mistakes(root: Keys) -> list[Mistake]:
    several = root.entries.get("scenarios")
    blocks = [root, *(several.items if isinstance(several, Items) else ())]
    return [
        mistake
        for block in blocks
        if isinstance(block, Keys) and "limits" in block.entries
        for mistake in read_limits(block.entries["limits"], block.place_of("limits"))[1]
    ]


def _merged(root: Keys) -> list[Keys]:
    """Each scenario with the keys at the top as its defaults."""
    several = root.entries.get("scenarios")
    if not isinstance(several, Items):
        return [root]
    defaults = {key: node for key, node in root.entries.items() if key != "scenarios"}
    merged = []
    for entry in several.items:
        assert isinstance(entry, Keys)  # The grammar has seen to it.
        own_name = entry.entries["name"]
        name = f"{plain(root.entries['name'])}/{plain(own_name)}"
        entries = {**defaults, **entry.entries, "name": Scalar(own_name.place, name, name)}
        merged.append(Keys(entry.place, entries, {**root.places, **entry.places}))
    return merged


def _scenario(node: Keys, file: Path, files: Files) -> tuple[Scenario, list[Mistake]]:
    keys = ScenarioKeys.model_validate(plain(node))
    turns, mistakes = build_turns(keys.turns or [], node.entries.get("turns"), files)
    mistakes += _kind_mistakes(keys, node)
    call, wrong_call = _call(keys.call, node.entries.get("call"))
    line, wrong_line = _line(
        keys.line or LineKeys.model_construct(), node.entries.get("line"), files
    )
    limits = DEFAULT_LIMITS
    if "limits" in node.entries:
        limits, _ = read_limits(node.entries["limits"], node.place_of("limits"))
    scenario = Scenario(
        name=" ".join(keys.name.split()),
        file=file,
        line_number=node.place.top_line,
        turns=turns,
        tags=tuple(keys.tags),
        call=call,
        line=line,
        limits=limits,
        stop_on_failure=keys.stop_on_failure,
        turn_gap_ms=DEFAULT_TURN_GAP_MS if keys.turn_gap_ms is None else keys.turn_gap_ms,
        detector=keys.detector,
        skip_reason=_skip_reason(keys, turns, limits),
        doubts=tuple(f"{file}:{line}: {text}" for line, text in doubts_about(turns)),
    )
    return scenario, [*mistakes, *wrong_call, *wrong_line]


def _kind_mistakes(keys: ScenarioKeys, node: Keys) -> list[Mistake]:
    if not keys.name.strip():
        return [Mistake(node.place_of("name"), "`name` is empty", "name the scenario")]
    if keys.turns is None and keys.persona is None:
        what = f"scenario `{keys.name}` has no `turns`"
        return [Mistake(node.place, what, "add `turns:`, a list of what the caller does")]
    if keys.turns is not None and keys.persona is not None:
        what = "a scenario has `turns` or a `persona`, not both"
        return [Mistake(node.place_of("persona"), what, "remove one of them")]
    return []


def _call(keys: CallKeys | None, node: Node | None) -> tuple[CallSetup, list[Mistake]]:
    if keys is None:
        return CallSetup(), []
    parameters = node.entries.get("parameters") if isinstance(node, Keys) else None
    mistakes = []
    for name, value in keys.parameters.items():
        size = len(name) + len(value)
        if size > MAX_PARAMETER_CHARACTERS and isinstance(parameters, Keys):
            what = (
                f"parameter `{name[:40]}` has {size} characters, name and value together; "
                f"the network takes {MAX_PARAMETER_CHARACTERS}"
            )
            mistakes.append(Mistake(parameters.place_of(name), what, "shorten it"))
    given: dict[str, Any] = {
        "from_number": keys.from_,
        "to_number": keys.to,
        "max_call_s": keys.max_call_s,
    }
    given = {name: value for name, value in given.items() if value is not None}
    return CallSetup(parameters=dict(keys.parameters), **given), mistakes


def _line(keys: LineKeys | None, node: Node | None, files: Files) -> tuple[Line, list[Mistake]]:
    if keys is None:
        return Line(), []
    given: dict[str, Any] = {"reorder": keys.reorder}
    mistakes: list[Mistake] = []
    if keys.level_dbov is not None:
        given["level_dbov"] = keys.level_dbov
    if keys.line_noise_dbov is not None:
        is_off = keys.line_noise_dbov == "off" or keys.line_noise_dbov is False
        given["line_noise_dbov"] = None if is_off else keys.line_noise_dbov
    noise = node.entries.get("noise") if isinstance(node, Keys) else None
    if keys.noise is not None and isinstance(noise, Keys):
        audio, mistakes = find_audio(noise, keys.noise.audio, files)
        if audio is not None:
            given["noise"] = Noise(audio, keys.noise.snr_db)
    return Line(**given), mistakes


def _skip_reason(keys: ScenarioKeys, turns: tuple[Turn, ...], limits: Limits) -> str:
    """Why a scenario cannot be run over a phone line at all; DESIGN 5 "Skipping"."""
    if keys.persona is not None:
        return "it has a `persona`, and nobody here decides what such a caller says next"
    if keys.context:
        return "its `context` cannot be given to a bot over a phone line"
    for turn, written in zip(turns, keys.turns or [], strict=True):
        if written.image is not None:
            return f"the turn in line {turn.line} shows an `image`, which a phone line cannot"
        anchor = unheard_anchor(written)
        if anchor:
            return (
                f"the turn in line {turn.line} begins after `{anchor}`, "
                "which cannot be heard on a phone line"
            )
    return "" if _has_checks(turns, limits) else _no_check_left(turns)


def _has_checks(turns: tuple[Turn, ...], limits: Limits) -> bool:
    """Whether anything would be judged.

    The default limits count only in a scenario that expects nothing by itself. In an eval
    file whose every expectation is skipped they would turn "nothing could be checked" into
    a pass. Limits of the scenario's own always count: somebody chose them for phone calls.
    """
    expectations = [wanted for turn in turns for wanted in turn.expect]
    if any(not wanted.skip_reason for wanted in expectations):
        return True
    if any(limits.of(metric) for metric in limits.own):
        return True
    return not expectations and bool(limits.gates)


def _no_check_left(turns: tuple[Turn, ...]) -> str:
    reasons = dict.fromkeys(wanted.skip_reason for turn in turns for wanted in turn.expect)
    return f"no check is left: {'; '.join(reasons) or 'it expects nothing and has no limits'}"
