"""Lines of a log that GitHub's runner obeys.

The runner takes a line for a command that begins with `::`, white space aside, or has `##[` in
it anywhere. Between `::stop-commands::TOKEN` and `::TOKEN::` it obeys nothing but that token, so
foreign text cannot speak to it as long as nobody can guess the token.

Sources: https://docs.github.com/actions/reference/workflow-commands-for-github-actions;
actions/toolkit, packages/core/src/command.ts (escapes); actions/runner, ActionCommand.cs.
"""

from collections.abc import Iterable, Iterator, Mapping


def command(name: str, text: str = "", properties: Mapping[str, str] | None = None) -> str:
    """One command as a line without its end; properties without a value are left out."""
    given = [f"{key}={_property(value)}" for key, value in (properties or {}).items() if value]
    return f"::{name}{' ' if given else ''}{','.join(given)}::{_data(text)}"


def stop_commands(token: str) -> str:
    """From here on nothing is obeyed; `token` must be new and not to be guessed."""
    return command("stop-commands", token)


def resume_commands(token: str) -> str:
    return command(token)


def group(title: str, foreign: Iterable[str], token: str) -> Iterator[str]:
    """Lines that can be folded away and that nobody obeys, whatever they say."""
    yield command("group", title)
    yield stop_commands(token)
    yield from foreign
    yield resume_commands(token)
    yield command("endgroup")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
