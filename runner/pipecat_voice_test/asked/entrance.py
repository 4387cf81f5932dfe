"""The door that was asked for."""

from pipecat_voice_test.asked import options
from pipecat_voice_test.asked.given import Given
from pipecat_voice_test.doors.entrance import Entrance
from pipecat_voice_test.doors.profiles import wire_maker


def entrance_of(given: Given) -> Entrance:
    """How callers come in.

    Raises:
        UsageError: The options do not go together, or this door is not built.
    """
    entrance = Entrance(
        provider=given.need(options.PROVIDER),
        transport=given.need(options.BOT_TRANSPORT),
        audio_format=given(options.AUDIO_FORMAT),
        sample_rate_hz=given(options.SAMPLE_RATE),
        webhook=given(options.BOT_WEBHOOK),
        start=given(options.BOT_START),
        address_map=given(options.ADDRESS_MAP),
        keep_query=given.flag(options.KEEP_QUERY),
    )
    wire_maker(entrance.provider, entrance.audio_format, entrance.sample_rate_hz)
    return entrance
