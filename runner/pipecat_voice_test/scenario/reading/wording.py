"""What the grammar refused, in words for the person who wrote the file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipecat_voice_test.scenario.model import EventName
from pipecat_voice_test.scenario.reading.grammar import BLOCKS, keys_of
from pipecat_voice_test.scenario.reading.mistakes import Mistake, Place, did_you_mean, listed
from pipecat_voice_test.scenario.reading.nodes import Items, Keys, Node, Scalar, Unread

# Kinds of METRICS 6 that this version cannot do yet.
IMPAIRMENTS = ("bursts", "level", "loss", "muffle", "jitter", "stall", "slow_reader", "network")

OBSERVABLE = tuple(name.value for name in EventName if not name.value.startswith("user_"))


def mistakes_of(errors: Sequence[Mapping[str, Any]], root: Keys) -> Iterator[Mistake]:
    """Turn pydantic's errors about `plain(root)` into mistakes with file and line."""
    for error in errors:
        yield _mistake(str(error["type"]), error["loc"], error.get("ctx", {}), root)


def _mistake(kind: str, loc: Sequence[str | int], ctx: Mapping[str, Any], root: Keys) -> Mistake:
    node: Node = root
    place = root.place
    path: list[str | int] = []
    for step in loc:
        if isinstance(node, Keys) and step in node.entries:
            place, node = node.place_of(str(step)), node.entries[str(step)]
        elif isinstance(node, Items) and isinstance(step, int):
            node = node.items[step]
            place = node.place
        elif str(step).startswith("<"):
            continue  # Which type of a value was tried, not a step into the file.
        path.append(step)
    if kind == "extra_forbidden":
        return _unknown_key(place, path)
    if kind == "missing":
        return Mistake(place, f"`{path[-1]}` is missing{_inside(path)}", f"add `{path[-1]}:`")
    return Mistake(place, *_wrong_value(kind, path, ctx, node))


def _label(path: Sequence[str | int]) -> str:
    """The key a value belongs to, with its place in a list."""
    label = ""
    for step in path:
        label = f"{label}[{step}]" if isinstance(step, int) else str(step)
    return label


def _block(path: Sequence[str | int]) -> str:
    """The key whose block holds the last step of a path; "" at the top of the file."""
    return next((step for step in reversed(path[:-1]) if isinstance(step, str)), "")


def _inside(path: Sequence[str | int]) -> str:
    block = _block(path)
    return f" in `{block}`" if block else ""


def _unknown_key(place: Place, path: Sequence[str | int]) -> Mistake:
    key, block = str(path[-1]), _block(path)
    if block == "line" and key in IMPAIRMENTS:
        hint = "; the caller's level is `level_dbov`" if key == "level" else ""
        return Mistake(place, f"`{key}` under `line` does not exist yet", f"remove it{hint}")
    what = f"unknown key `{key}`"
    elsewhere = [name for name in BLOCKS if key in keys_of(name)]
    if elsewhere:
        where = f"under `{elsewhere[0]}`" if elsewhere[0] else "at the top of the file"
        return Mistake(place, what, f"`{key}` belongs {where}")
    known = keys_of(block)
    fix = f"`{block}` knows {listed(known)}" if block else f"known are {listed(known)}"
    return Mistake(place, what, did_you_mean(key, known, fix))


def _wrong_value(
    kind: str, path: Sequence[str | int], ctx: Mapping[str, Any], node: Node
) -> tuple[str, str]:
    label = _label(path)
    if isinstance(node, Scalar) and node.value is None:
        return _empty(label, node)
    match kind:
        case "literal_error":
            return _not_one_of(label, ctx, node)
        case "string_type":
            return _not_a_text(label, node)
        case "string_too_short" | "too_short":
            return f"`{label}` is empty", "fill it in, or remove the key"
        case "int_type" | "int_from_float" | "float_type":
            return _not_a_number(label, node, whole=kind != "float_type")
        case "bool_type":
            return f"`{label}` must be true or false, not {describe(node)}", "write true or false"
        case "list_type" if label == "user":
            what = "`user` must be a text, or a list of texts and pauses, not a block of keys"
            return what, 'write `user: "Hello."`'
        case "list_type":
            return f"`{label}` must be a list, not {describe(node)}", "begin each entry with `- `"
        case "dict_type" | "model_type":
            return f"`{label}` must be a block of keys, not {describe(node)}", _block_fix(label)
        case _:
            return (
                f"`{label}` {_out_of_bounds(kind, ctx)}, not {_shown(node)}",
                "correct the number",
            )


def _out_of_bounds(kind: str, ctx: Mapping[str, Any]) -> str:
    match kind:
        case "greater_than":
            return f"must be above {ctx['gt']:g}"
        case "greater_than_equal":
            return f"must be at least {ctx['ge']:g}"
        case "less_than_equal":
            return f"must be at most {ctx['le']:.15g}"
        case _:
            return "must be an ordinary number"


def _empty(label: str, node: Scalar) -> tuple[str, str]:
    if node.written:
        return f"`{label}` must not be `{node.written}`", (
            f'quote it if it is a text: "{node.written}"; else remove the key'
        )
    hash_hint = "; what begins with `#` must be quoted" if label in {"dtmf", "user"} else ""
    return f"`{label}` has no value", f"fill it in, or remove the key{hash_hint}"


def _not_one_of(label: str, ctx: Mapping[str, Any], node: Node) -> tuple[str, str]:
    options = [
        option.strip("'") for option in str(ctx["expected"]).replace(" or ", ", ").split(", ")
    ]
    given = _shown(node)
    if label == "event":
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            return _not_a_text(label, node)
        otherwise = f"an event is one of {listed(OBSERVABLE, 'or')}"
        return f"unknown event {given}", did_you_mean(node.value, options, otherwise)
    if label == "hangup":
        return f"`hangup` can only be true, not {given}", "remove the key"
    if label in {"level_dbov", "line_noise_dbov"}:
        return f"`{label}` must be a number or `{options[0]}`, not {given}", (
            "write the number without quotes and without a unit"
        )
    return f"`{label}` cannot be {given}", did_you_mean(
        given.strip("`"), options, f"it is one of {listed(options, 'or')}"
    )


def _not_a_text(label: str, node: Node) -> tuple[str, str]:
    if not isinstance(node, Scalar):
        return f"`{label}` must be a text, not {describe(node)}", "write one text, in quotes"
    key = "" if label.endswith("]") else f"{label}: "
    return (
        f"`{label}` must be a text, but YAML reads {_shown(node)} as {describe(node)}",
        f'quote it: `{key}"{node.written}"`',
    )


def _not_a_number(label: str, node: Node, *, whole: bool) -> tuple[str, str]:
    unit = {"ms": " of milliseconds", "s": " of seconds", "db": " of dB", "dbov": " of dBov"}.get(
        label.rpartition("_")[2], ""
    )
    kind = f"a {'whole ' if whole else ''}number{unit}"
    given = _shown(node) if describe(node) == "a number" else describe(node)
    what = f"`{label}` must be {kind}, not {given}"
    if isinstance(node, Scalar) and node.written.isdigit():
        return what, f"remove the quotes: `{label}: {node.written}`"
    return what, "write it in plain digits, without quotes and without a unit"


def _block_fix(label: str) -> str:
    if label == "user":  # At the top it is a block of Pipecat's evals.
        return "what the caller says belongs into an entry of `turns`"
    if label.startswith("expect["):
        return "write `- event: response`"
    if label.startswith("turns["):
        return 'write `- user: "Hello."`'
    return "write `key: value` lines under it"


def _shown(node: Node) -> str:
    if not isinstance(node, Scalar):
        return describe(node)
    return f"`{node.written if len(node.written) <= 60 else f'{node.written[:57]}...'}`"


def describe(node: Node) -> str:
    """What YAML makes of a value."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Keys):
        return "a block of keys"
    match node.value:
        case None:
            return "nothing"
        case bool():
            return "a yes or no"
        case int() | float():
            return "a number"
        case Unread(kind):
            return kind
        case str():
            return "a text"
