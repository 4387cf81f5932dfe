"""results.json of an earlier run, opened; refused with the reason if it is not to be relied on.

Refused is a file that is not whole, is another's, was edited, or has another shape: whoever reads
it would believe in a run that nobody held. What a run is read for decides on how that is said.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pipecat_voice_test import __version__
from pipecat_voice_test.errors import VoiceTestError
from pipecat_voice_test.measurement.comparison.digest import KEY, canonical, digest
from pipecat_voice_test.measurement.value import MEASURES

TOOL = "pipecat-voice-test"
SCHEMA = 1
_COPY_AGAIN = "copy it again from where it was kept; a full disk or a job that was stopped does it."
_DIFFERENCES_SHOWN = 5

Json = dict[str, Any]
_M = TypeVar("_M", bound=BaseModel)


class Part(BaseModel):
    """A piece of results.json; keys of later versions are passed over."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a results.json is opened for.

    Attributes:
        error: What is raised, as `error(what, fix=…, evidence=…)`.
        give: The fix where another file was meant.
        anew: The fix where this version can do nothing with it.
        untouched: The fix where it was edited.
        to: What it kept too little for.
        needs: Keys without which it did.
    """

    error: type[VoiceTestError]
    give: str
    anew: str
    untouched: str
    to: str
    needs: tuple[str, ...]


def opened(
    data: bytes, shown: str, purpose: Purpose, evidence: Callable[[Json], Iterable[str]]
) -> Json:
    """The document in a file.

    Args:
        data: The file.
        shown: What to call it in messages.
        purpose: What for.
        evidence: What in a document that was edited does not fit together.

    Raises:
        VoiceTestError: The one of the purpose.
    """
    document = _parsed(data, shown, purpose)
    _refuse_other_kinds(document, shown, purpose)
    if document[KEY] != digest(canonical(document)):
        raise purpose.error(
            f"{shown} was changed after it was written: its digest is not that of its content.",
            fix=purpose.untouched,
            evidence="\n".join(evidence(document)),
        )
    return document


def shaped(model: type[_M], document: Json, shown: str, purpose: Purpose) -> _M:
    """The parts of a document that somebody reads; raises as `opened`."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise purpose.error(
            f"{shown} has not the shape of results.json.",
            fix=purpose.give,
            evidence="\n".join(
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
                for one in error.errors()[:_DIFFERENCES_SHOWN]
            ),
        ) from error


def _parsed(data: bytes, shown: str, purpose: Purpose) -> Json:
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
            raise purpose.error(
                f"{shown} is empty."
                if not error.doc.strip()
                else f"{shown} breaks off in line {error.doc.rstrip().count(chr(10)) + 1}: "
                "it is not whole.",
                fix=_COPY_AGAIN,
            ) from error
        raise purpose.error(f"{shown} is not JSON: {error}.", fix=purpose.give) from error
    except (ValueError, RecursionError) as error:
        raise purpose.error(f"{shown} is not JSON.", fix=purpose.give) from error
    tool = document.get("tool") if isinstance(document, dict) else None
    if not isinstance(tool, dict) or tool.get("name") != TOOL:
        raise purpose.error(f"{shown} was not written by {TOOL}.", fix=purpose.give)
    checked: Json = document
    return checked


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _refuse_other_kinds(document: Json, shown: str, purpose: Purpose) -> None:
    version = document["tool"].get("version", "unknown")
    if document.get("schema") != SCHEMA:
        raise purpose.error(
            f"{shown} has schema {document.get('schema')} ({TOOL} {version}), "
            f"and {__version__} reads schema {SCHEMA}.",
            fix=purpose.anew,
        )
    if any(key not in document for key in (*purpose.needs, KEY)):
        raise purpose.error(
            f"{shown} was written by {TOOL} {version}, which kept too little to {purpose.to}.",
            fix=purpose.anew,
        )
    if document["measures"] != MEASURES:
        raise purpose.error(
            f"{shown} was measured by {TOOL} {version} with revision {document['measures']} of "
            f"the metrics, and {__version__} measures with revision {MEASURES}: "
            "the same names mean something else.",
            fix=purpose.anew,
        )
