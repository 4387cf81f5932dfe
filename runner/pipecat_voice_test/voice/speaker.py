"""Says texts at telephone rate with the engine at hand, each at most once per run."""

from collections.abc import Callable, Iterable

from pipecat_voice_test.audio.codec import Pcm
from pipecat_voice_test.audio.files import resampled
from pipecat_voice_test.errors import SpeechError
from pipecat_voice_test.voice.cache import SpeechCache
from pipecat_voice_test.voice.engines import SpeechEngine


class Speaker:
    """One engine, or none, and its cache.

    Recordings need no engine, so its absence is an error only once a text is to be spoken.

    Attributes:
        tell: Called with how many texts are about to be spoken, which may take a while.
    """

    def __init__(self, engine: SpeechEngine | None, cache: SpeechCache) -> None:
        self._engine = engine
        self._cache = cache
        self._said: dict[str, Pcm] = {}
        self.tell: Callable[[int], None] = lambda count: None

    @property
    def engine_id(self) -> str:
        """Engines with equal ids say a text in the same way; empty without one."""
        return "" if self._engine is None else self._engine.id

    def prepare(self, texts: Iterable[str]) -> None:
        """Speak all texts not known yet at once, which is quicker than one by one.

        Raises:
            SpeechError: There is no engine, or it failed.
        """
        missing = [text for text in dict.fromkeys(map(plain, texts)) if text not in self._said]
        if missing and self._engine is None:
            raise SpeechError(
                f'No speech engine is installed here that could speak "{missing[0]}".',
                fix="pip install 'pipecat-voice-test[speech]',\n"
                "or on Debian and Ubuntu: apt-get install flite,\n"
                "or give the turn a recording with `audio:`.",
            )
        unheard = []
        for text in missing:
            assert self._engine is not None
            if (known := self._cache.find(self._engine.id, text)) is not None:
                self._said[text] = resampled(known.pcm, known.rate_hz)
            else:
                unheard.append(text)
        if unheard:
            assert self._engine is not None
            self.tell(len(unheard))
            for text, spoken in zip(unheard, self._engine.speak(unheard), strict=True):
                self._cache.keep(self._engine.id, text, spoken)
                self._said[text] = resampled(spoken.pcm, spoken.rate_hz)

    def speak(self, text: str) -> Pcm:
        """The text as the engine says it, silence around it included; raises as `prepare`."""
        self.prepare([text])
        return self._said[plain(text)]


def plain(text: str) -> str:
    """The text as engines get it: how a YAML file breaks its lines makes no difference."""
    return " ".join(text.split())
