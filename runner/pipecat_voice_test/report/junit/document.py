"""JUnit documents: what junit-xml 1.9 says, and in a thin layer what it cannot say.

junit-xml builds suite, cases and outcomes. Added before we serialise: properties of a test
case, times that add up to the millisecond, characters that XML forbids replaced (junit-xml
fails on lone surrogates and takes the others away without a trace), and the strict form.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from junit_xml import TestCase, TestSuite

from pipecat_voice_test.report.text import one_line, xml_text


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why a case did not pass; `kind` becomes the element's `type`."""

    element: Literal["failure", "error", "skipped"]
    kind: str
    message: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One test case; `outcome` is None for one that passed.

    Attributes:
        attachments: Paths, the one to look at first in front.
        output: Lines of `<system-out>` after the attachments.
    """

    name: str
    classname: str
    outcome: Outcome | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[str] = ()
    output: Sequence[str] = ()
    file: str | None = None
    line: int | None = None
    time_ms: int = 0


def document(
    name: str,
    cases: Sequence[Case],
    properties: Mapping[str, str],
    *,
    timestamp: str,
    strict: bool,
) -> str:
    """Serialise one suite; `strict` validates against the Jenkins xUnit schema."""
    model = TestSuite(name, [_modelled(case, strict) for case in cases])
    suite: ET.Element = model.build_xml_doc()
    for element, case in zip(suite.findall("testcase"), cases, strict=True):
        element.set("time", _seconds(case.time_ms))
        if case.outcome is not None:
            verdict = element.find(case.outcome.element)
            assert verdict is not None
            verdict.set("type", case.outcome.kind)
        if not strict:
            _add_properties(element, case.properties)
    if strict:
        ET.SubElement(suite, "system-out").text = "\n".join(_property_lines(properties))
    else:
        _add_properties(suite, properties)
    root = ET.Element("testsuites", {"name": name})
    root.append(suite)
    _count(root, suite, cases, strict)
    # Readers of JUnit expect a local time without a zone here; ours is UTC.
    suite.set("timestamp", timestamp.removesuffix("Z").partition(".")[0])
    return _serialised(root)


def _modelled(case: Case, strict: bool) -> Any:
    lines = [f"[[ATTACHMENT|{path}]]" for path in case.attachments]
    where = {} if strict else {"file": case.file, "line": case.line}
    if strict:
        place = {"file": case.file or "", "line": str(case.line or "")}
        placed = {key: value for key, value in place.items() if value}
        lines += _property_lines({**placed, **case.properties})
    stdout = "\n".join([*lines, *case.output])
    model = TestCase(case.name, classname=case.classname, stdout=stdout, **where)
    if (outcome := case.outcome) is None:
        return model
    add = {
        "failure": model.add_failure_info,
        "error": model.add_error_info,
        "skipped": model.add_skipped_info,
    }
    # The model leaves out an outcome that says nothing, and the case would have passed.
    add[outcome.element](outcome.message or outcome.kind, outcome.body)
    return model


def _property_lines(properties: Mapping[str, str]) -> list[str]:
    return [
        f"[[PROPERTY|{key}={one_line(value).replace(']]', '] ]')}]]"
        for key, value in properties.items()
    ]


def _add_properties(element: ET.Element, properties: Mapping[str, str]) -> None:
    if not properties:
        return
    block = ET.Element("properties")
    for key, value in properties.items():
        ET.SubElement(block, "property", {"name": key, "value": value})
    element.insert(0, block)


def _count(root: ET.Element, suite: ET.Element, cases: Sequence[Case], strict: bool) -> None:
    elements = [case.outcome.element for case in cases if case.outcome is not None]
    counts = {
        "tests": str(len(cases)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": _seconds(sum(case.time_ms for case in cases)),
    }
    suite.attrib.pop("disabled", None)
    suite.attrib.update(counts)
    if strict:  # The schema counts what was skipped in a suite only.
        del counts["skipped"]
    root.attrib.update(counts)


def _seconds(time_ms: int) -> str:
    """Write seconds to the millisecond, exactly: the schema allows three places."""
    return f"{time_ms // 1000}.{time_ms % 1000:03d}"


def _serialised(root: ET.Element) -> str:
    for element in root.iter():
        if element.text:
            element.text = xml_text(element.text)
        for key, value in element.attrib.items():
            element.set(key, xml_text(value))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
