"""The run as JUnit XML."""
