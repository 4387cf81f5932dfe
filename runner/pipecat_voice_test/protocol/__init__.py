"""What would the telephone network do now? No socket, no clock."""
