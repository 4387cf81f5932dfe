"""The run for a page of the CI system."""
