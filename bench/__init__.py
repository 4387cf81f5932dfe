"""How exact the figures are, and what they cost: `python -m bench` from the checkout.

Each part measures one thing on this machine and puts it beside its target. Nothing is ever
asserted here: a figure tells about the machine as much as about the code.
"""
