"""What GitHub's runner makes of a log: a second reading of the rules, to test ours against.

Source: actions/runner, src/Runner.Common/ActionCommand.cs and ActionCommandManager.cs.
"""

import re
from dataclasses import dataclass, field

KNOWN = {"error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "stop-commands",
         "set-output", "save-state", "set-env", "add-path", "add-matcher", "echo"}  # fmt: skip


@dataclass
class Command:
    name: str
    text: str
    properties: dict[str, str] = field(default_factory=dict)


def obeyed(log: str) -> list[Command]:
    """Every command in a log that the runner would act on, stopping and resuming included."""
    found: list[Command] = []
    stopped_until = ""
    for line in re.split(r"\r\n|\r|\n", log):
        command = _parsed(line, KNOWN | {stopped_until})
        if command is None or (stopped_until and command.name != stopped_until):
            continue
        found.append(command)
        if command.name == "stop-commands":
            stopped_until = command.text
        elif command.name == stopped_until:
            stopped_until = ""
    return found


def _parsed(line: str, known: set[str]) -> Command | None:
    start = line.lstrip()
    if start.startswith("::") and "::" in start[2:]:
        head, _, text = start[2:].partition("::")
        name, _, rest = head.partition(" ")
        if name.lower() in known:
            pairs = (pair.split("=", 1) for pair in rest.strip().split(",") if "=" in pair)
            properties = {pair[0]: _plain(pair[1]) for pair in pairs}
            return Command(name.lower(), _plain(text), properties)
    _, hashes, rest = line.partition("##[")
    head, bracket, text = rest.partition("]")
    name = head.partition(" ")[0].lower()
    return Command(name, text) if hashes and bracket and name in known else None


def _plain(text: str) -> str:
    for code, character in ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"):
        text = text.replace(code, character)
    return text
