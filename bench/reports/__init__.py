"""How long the reports of many calls take, how big they are, how soon they are seen."""
