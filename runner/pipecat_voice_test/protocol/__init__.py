"""What would the telephone network do now? No socket, no clock.

`identity` names a call, `wire` says what any provider's messages can do, `twilio` is one
provider, `playout` is the queue in front of the ear, and `virtual_call` puts them together.
"""
