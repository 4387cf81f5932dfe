"""A short-lived process that speaks with hibari: `python -m pipecat_voice_test.voice.speak`.

In: a JSON list of texts. Out, for each: the rate in Hz and the number of samples, both 32-bit
little-endian, then the samples as 16-bit. The parent is `engines.Hibari`.
"""

import json
import os
import struct
import sys


def main() -> None:
    # Whatever the libraries print goes to stderr, so that it cannot get between the samples.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        texts = json.loads(sys.stdin.buffer.read())

        # onnxruntime reports its use over the network and leaves an id in the user's cache
        # folder unless told not to before it is imported.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import hibari  # type: ignore[import-untyped]  # It ships no types.
        import numpy as np

        voice = hibari.Hibari()
        for text in texts:
            # A seed makes the noise in its consonants the same each time.
            samples = np.clip(voice(text, seed=0), -1.0, 1.0)
            pcm = np.rint(samples * 32767).astype("<i2")
            output.write(struct.pack("<II", hibari.SAMPLE_RATE, len(pcm)) + pcm.tobytes())


if __name__ == "__main__":
    main()
