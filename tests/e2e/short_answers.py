"""The bot of examples/pipecat-bot with answers of half a second: ten turns take half a minute.

Run by the Python of an environment with Pipecat, with the bot's folder as first argument.
"""

import sys
from importlib import import_module
from typing import Any

sys.path.insert(0, sys.argv.pop(1))
brain: Any = import_module("brain")
brain.ANSWERS = (*["Yes."] * 10, brain.ANSWERS[0], "I have made a note.")
bot = import_module("bot").bot  # Pipecat's runner looks for it here.

if __name__ == "__main__":
    import_module("pipecat.runner.run").main()
