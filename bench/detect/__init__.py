"""Whether the tool finds the faults of the field, and never blames a healthy bot.

Every fault is a switch of the demo bot, or of the Pipecat bot of `examples/`, called with a
scenario that a user would write, under the limits that hold by themselves. The same scenarios
are called on healthy bots, to see who is blamed for nothing. `make detect` runs it.
"""
