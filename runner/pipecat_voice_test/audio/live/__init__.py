"""Is the bot speaking right now, while the call goes on?

By its level (`level.py`) while the line is quiet between its words; by the voice model
(`voice.py`) where something goes on under them. `hearing.py` chooses, by what `evidence.py`
makes of the sound.
"""

from pipecat_voice_test.audio.live.hearing import Hearing, Switch
from pipecat_voice_test.audio.live.level import LiveSpeech

__all__ = ["Hearing", "LiveSpeech", "Switch"]
