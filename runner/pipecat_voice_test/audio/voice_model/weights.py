"""The weights of the voice model, read once, when they are first needed."""

import io
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

FILE = "silero_v6_8khz.npz"


@cache
def weights() -> dict[str, NDArray[np.float32]]:
    """Every array by its name in `tools/voice-model-weights`, in PyTorch's layout."""
    content = resources.files(__package__).joinpath(FILE).read_bytes()
    with np.load(io.BytesIO(content)) as arrays:
        return {name: arrays[name] for name in arrays.files}
