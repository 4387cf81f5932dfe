"""A run read back from its results, to be rendered again or joined with others."""
