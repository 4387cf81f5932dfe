"""Services of a user's Compose file, run for one run of ours and gone after it."""
