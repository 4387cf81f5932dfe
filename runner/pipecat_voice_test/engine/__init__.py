"""What does the container engine do for us? Images, containers, networks; nothing outlives us."""
