"""How a scenario file becomes scenarios: YAML, then the grammar, then what the keys mean."""
