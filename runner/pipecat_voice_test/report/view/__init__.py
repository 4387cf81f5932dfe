"""What there is to see of a call, before anybody draws it."""
