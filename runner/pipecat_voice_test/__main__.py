"""`python -m pipecat_voice_test`."""

from pipecat_voice_test.cli import main

main()
