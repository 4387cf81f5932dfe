"""What the command prints when a run is over, as lines and rows without layout."""
