"""The JSON Schema of a scenario file, for editors and for checks before a commit.

Source: https://json-schema.org/draft/2020-12
"""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from pipecat_voice_test.scenario.limits import METRICS, RATES, Metric, Statistic
from pipecat_voice_test.scenario.reading.grammar import FileKeys

_OFF = {"enum": ["none", "report"]}
_OWN_KEYS = {"^x-": {"description": "Yours; ignored here."}}


def _limits_schema() -> dict[str, Any]:
    """`limits:` for editors; `limit_keys` reads it by the same table."""
    return {
        "description": "Gates over the whole call, laid over the defaults metric by metric; "
        "`none` switches one off, or all.",
        "oneOf": [
            _OFF,
            {
                "type": "object",
                "properties": {metric.id: _metric_schema(metric) for metric in METRICS.values()},
                "additionalProperties": False,
            },
        ],
    }


def _metric_schema(metric: Metric) -> dict[str, Any]:
    statistics = {
        statistic: {"oneOf": [_number_schema(metric, statistic), _OFF]}
        for statistic in metric.statistics
    }
    return {
        "description": metric.means,
        "oneOf": [
            _number_schema(metric, metric.statistics[0]),
            *_words_schema(metric),
            {
                "type": "object",
                "properties": statistics,
                "additionalProperties": False,
                "minProperties": 1,
            },
        ],
    }


def _number_schema(metric: Metric, statistic: Statistic) -> dict[str, Any]:
    if statistic == "lower_bound":
        return {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    if metric.id == "passed":
        return {"type": "integer", "minimum": 1}
    if metric.id in RATES:
        return {"type": "number", "minimum": 0, "maximum": 1}
    return {"type": "number"} if metric.id == "level" else {"type": "number", "minimum": 0}


def _words_schema(metric: Metric) -> list[dict[str, Any]]:
    every = {"const": "all"}
    if metric.id == "passed":
        return [every]
    return [_OFF, every] if metric.id in RATES else [_OFF]


class _WithoutNull(GenerateJsonSchema):
    """A key is either absent or has a value; null is never written."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # "Within Ms" would say less than the key itself.

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        inner = super().default_schema(schema)
        if inner.get("default", ...) is None:
            del inner["default"]
        return inner


def scenario_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a scenario file, in both of its forms."""
    schema = FileKeys.model_json_schema(by_alias=True, schema_generator=_WithoutNull)
    for block in (schema, schema["$defs"]["ScenarioKeys"]):
        block["patternProperties"] = _OWN_KEYS
        block["properties"]["limits"] = _limits_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "A scenario of pipecat-voice-test",
        "anyOf": [{"required": [key]} for key in ("turns", "scenarios", "persona")],
    }
