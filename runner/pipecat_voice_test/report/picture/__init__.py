"""timeline.png: a call as a picture, for viewers that take no page."""
