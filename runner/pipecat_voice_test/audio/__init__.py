"""What is in these samples?

Samples in, samples out: nothing here touches a disk, a clock or a socket. Audio is signed
16-bit mono at 8000 Hz unless a name says otherwise, one `numpy` array per channel.
"""

import warnings

# Up to 3.12 it is part of Python and says that it will not always be; from 3.13 on it comes along
# as `audioop-lts`. Whoever turns warnings into errors could not load us otherwise.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop as audioop
