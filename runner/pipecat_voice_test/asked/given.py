"""What was asked for, on the command line, in the environment and in `voice-test.yaml`.

The first of these that says something about an option counts, then the default (DESIGN 4).
Values are checked when they are asked about, whatever their source, and a message quotes them
as whoever is to mend them wrote them.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

import click

from pipecat_voice_test.asked.kinds import FLAG
from pipecat_voice_test.asked.options import Setting
from pipecat_voice_test.errors import UsageError

V = TypeVar("V")


class Source(IntEnum):
    """Where a value comes from, the one that counts most first."""

    OPTION = 0
    ENVIRONMENT = 1
    CONFIG = 2
    DEFAULT = 3


@dataclass(frozen=True, slots=True)
class Said:
    """What was said about one option, and how to quote each text of it to whoever said it."""

    texts: tuple[str, ...]
    source: Source
    quoted: Callable[[str], str]


def as_option(setting: Setting[Any]) -> str:
    """How a setting is quoted to who gave it on the command line; the value goes into `{}`."""
    return f"`--{setting.name}`" if setting.kind is FLAG else f"`--{setting.name} {{}}`"


def as_input(setting: Setting[Any]) -> str:
    """The same for who gave it as an input of the action."""
    return f"the input `{setting.name}: {{}}`"


class Given:
    """Everything that was asked for, read when it is asked about.

    Args:
        options: What stands on the command line or in the action's inputs, by name of the setting.
        environ: The environment.
        config: What `voice-test.yaml` says.
        config_file: Its name for messages.
        written: How those options were written, for messages.
    """

    def __init__(
        self,
        options: Mapping[str, tuple[str, ...]],
        environ: Mapping[str, str] = os.environ,
        config: Mapping[str, object] | None = None,
        config_file: str = "",
        written: Callable[[Setting[Any]], str] = as_option,
    ) -> None:
        self._options = options
        self._environ = environ
        self._config = config or {}
        self._config_file = config_file
        self._written = written

    @classmethod
    def on_command_line(cls, context: click.Context, settings: Sequence[Setting[Any]]) -> "Given":
        options: dict[str, tuple[str, ...]] = {}
        for setting in settings:
            name = setting.parameter
            if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
                value = context.params[name]
                options[setting.name] = tuple(value) if setting.repeatable else (_text(value),)
        return cls(options)

    def with_config(self, config: Mapping[str, object], file: str) -> "Given":
        return Given(self._options, self._environ, config, file, self._written)

    def __call__(self, setting: Setting[V]) -> V | None:
        """The value of an option, None if it was not given and has no default.

        Raises:
            UsageError: It is not of the kind that is wanted.
        """
        said = self.said(setting)
        if said is None:
            return None
        if len(said.texts) != 1:
            shown = ", ".join(said.texts)
            raise UsageError(
                f"{said.quoted(shown)} gives several values for `--{setting.name}`.",
                fix="give one.",
            )
        return self._read(setting, said, said.texts[0])

    def need(self, setting: Setting[V]) -> V:
        """The value of an option that has a default; raises as a call does."""
        value = self(setting)
        assert value is not None
        return value

    def flag(self, setting: Setting[bool]) -> bool:
        return bool(self(setting))

    def each(self, setting: Setting[V]) -> tuple[V, ...]:
        """The values of a repeatable option; raises as a call does."""
        said = self.said(setting)
        return () if said is None else tuple(self._read(setting, said, t) for t in said.texts)

    def said(self, setting: Setting[Any]) -> Said | None:
        """What was said by whoever counts most; None if nobody did and there is no default."""
        return next(self._all_said(setting), None)

    def chosen(self, settings: Sequence[Setting[Any]]) -> list[Setting[Any]]:
        """Those of several that exclude each other which were given where it counts most."""
        said = [(setting, found) for setting in settings if (found := self._wish(setting))]
        best = min((found.source for _, found in said), default=None)
        return [setting for setting, found in said if found.source is best]

    def _wish(self, setting: Setting[Any]) -> Said | None:
        said = self.said(setting)
        if said is not None and setting.kind is FLAG and not self.flag(setting):
            return None
        return said

    def _all_said(self, setting: Setting[Any]) -> Iterator[Said]:
        name = setting.name
        if name in self._options:
            shown = self._written(setting)
            yield Said(self._options[name], Source.OPTION, _quoting(shown))
        for variable in setting.variables:
            value = self._environ.get(variable, "")
            lines = [line.strip() for line in value.splitlines() if line.strip()]
            if lines:
                texts = tuple(lines) if setting.repeatable else (value,)
                yield Said(texts, Source.ENVIRONMENT, _quoting(f"`{variable}={{}}`"))
        if name in self._config:
            set_to = self._config[name]
            values = set_to if isinstance(set_to, list) else [set_to]
            texts = tuple(_text(one) for one in values)
            shown = f"{self._config_file}: `{name}: {{}}`"
            yield Said(texts, Source.CONFIG, _quoting(shown))
        if setting.default is not None:
            yield Said((setting.default,), Source.DEFAULT, _quoting("`{}`"))

    def _read(self, setting: Setting[V], said: Said, text: str) -> V:
        value = setting.kind.read(text)
        if value is None:
            fix = f"give {setting.kind.wanted}"
            if setting.default is not None:
                fix += f"; without it, it is {setting.default}"
            raise UsageError(f"{said.quoted(text)} is not {setting.kind.wanted}.", fix=f"{fix}.")
        return value


def _quoting(pattern: str) -> Callable[[str], str]:
    before, braces, after = pattern.rpartition("{}")
    return lambda text: f"{before}{text}{after}" if braces else pattern


def _text(value: object) -> str:
    """A value of YAML or click as somebody would have typed it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
