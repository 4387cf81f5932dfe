"""What numbers can show, and how surely: METRICS 4 and 5."""
