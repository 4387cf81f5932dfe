"""report.html: one file that opens from disk, to look at and to listen to."""
