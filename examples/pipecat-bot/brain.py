"""What the bot says, and when: it stands where speech recognition and an LLM would be.

It understands no words. Each turn of the caller gets the next line of `ANSWERS`, so a test
knows what comes; each line lasts six to ten seconds, so there is time to talk over it.
Keys arrive through Pipecat's `DTMFAggregator`, as the text of a transcription.
"""

import itertools

from pipecat.frames.frames import (
    EndWorkerFrame,
    Frame,
    TranscriptionFrame,
    TTSSpeakFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

GREETING = "Hello, this is the corner bakery. How can I help you?"
ANSWERS = (
    "We bake every morning from four o'clock, and the first loaves of bread are ready at six. "
    "Rolls and croissants follow half an hour later.",
    "You can order by telephone until six in the evening, and collect the order at any time "
    "on the next day, at the counter on the left.",
    "The cake of this week is an apple cake with cinnamon, walnuts and a little cream. "
    "One piece costs three euros, and a whole cake twenty.",
    "We deliver to every street in the old town, free of charge, if the order is worth more "
    "than fifteen euros and reaches us before nine.",
)
OPENING_HOURS = (
    "We are open from six to six on weekdays and from seven to two on Saturdays. "
    "On Sundays and public holidays the shop stays closed."
)
ADDRESS = (
    "You find us at number twelve in Market Street, right beside the old town hall. "
    "The tram stops in front of the door, on lines two and five."
)
CONFIRMATION = "Thank you. You have entered {digits}. We will look for your order at once."
UNFINISHED = "Please enter your number again, and press the hash key after the last digit."
GOODBYE = "Thank you for your call, and goodbye."

MENU = {"1": OPENING_HOURS, "2": ADDRESS}
GOODBYE_KEY = "9"
LAST_KEY = "#"


class ScriptedBrain(FrameProcessor):
    """Answers each turn of the caller and each entry on the keypad."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._answers = itertools.cycle(ANSWERS)
        self._leaving = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if self._leaving:
            return
        if isinstance(frame, UserStoppedSpeakingFrame):
            await self.answer(next(self._answers))
        elif isinstance(frame, TranscriptionFrame):
            await self._on_keys(frame.text)

    async def answer(self, text: str) -> None:
        await self.push_frame(TTSSpeakFrame(text))

    async def say_goodbye(self) -> None:
        """Say goodbye and end the call once it has been said."""
        self._leaving = True
        goodbye = TTSSpeakFrame(GOODBYE)
        # A caller who says "bye" at the same time must not cut it off.
        goodbye.interruptible = False
        await self.push_frame(goodbye)
        # Sent downstream it stays behind the goodbye, and no interruption removes it.
        await self.push_frame(EndWorkerFrame())

    async def _on_keys(self, keys: str) -> None:
        if keys == GOODBYE_KEY:
            await self.say_goodbye()
        elif keys in MENU:
            await self.answer(MENU[keys])
        elif keys.endswith(LAST_KEY) and len(keys) > 1:
            # Commas make the voice read digit by digit.
            digits = ", ".join(keys.removesuffix(LAST_KEY).replace("*", ""))
            await self.answer(CONFIRMATION.format(digits=digits))
        else:
            await self.answer(UNFINISHED)


def fixed_phrases() -> list[str]:
    """Everything the bot says that does not depend on the call."""
    return [GREETING, *ANSWERS, *MENU.values(), UNFINISHED, GOODBYE]
