"""One row of the table: a bot, what it is called with, and what has to be noticed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Bot = Literal["demo", "pipecat"]


@dataclass(frozen=True, slots=True)
class Case:
    """One bot and the scenario it is called with.

    Attributes:
        name: What the row is called; no two have the same.
        scenario: Text of a scenario, without its name.
        fault: Switches the fault on: `--fault NAME` of the demo bot, `BOT_FAULT` of the Pipecat
            bot. Empty for a healthy one.
        metrics: One of them has to be named: by a failed check, or by a note that begins with it.
        options: Of the demo bot, healthy too.
        env: Of either bot, healthy too.
        defect: Its id in the list of faults seen in the field, if it is there.
        beside: Another caller's scenario, whose calls go on at the same time; it is not judged.
        note: What a reader of the table should know.
        at_once: Most calls that one bot is asked to take at a time.
    """

    name: str
    scenario: str
    fault: str = ""
    metrics: tuple[str, ...] = ()
    options: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    bot: Bot = "demo"
    defect: str = ""
    beside: str = ""
    note: str = ""
    at_once: int = 10

    @property
    def healthy(self) -> "Case":
        """The same scenario on the same bot without its fault.

        One caller at a time for a Pipecat bot: while it takes up a second call, it loads a model
        in the loop that speaks to the first, who hears a gap of 120 to 330 ms then.
        """
        at_once = 1 if self.bot == "pipecat" else self.at_once
        return replace(self, fault="", metrics=(), at_once=at_once)

    @property
    def same_as_healthy(self) -> tuple[str, ...]:
        """Equal for two cases whose healthy bots would be called in the same way."""
        env = (f"{name}={value}" for name, value in sorted(self.env.items()))
        return (self.bot, self.scenario, self.beside, self.options, *env)
