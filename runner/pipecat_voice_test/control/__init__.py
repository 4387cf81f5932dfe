"""Does this machine measure what a bot of known timing does?"""
