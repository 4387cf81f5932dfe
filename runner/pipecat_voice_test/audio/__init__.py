"""What is in these samples?

Samples in, samples out: nothing here touches a disk, a clock or a socket. Audio is signed
16-bit mono at 8000 Hz unless a name says otherwise, one `numpy` array per channel.
"""
