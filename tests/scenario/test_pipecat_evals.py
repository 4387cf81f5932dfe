"""Every eval file of Pipecat is read, and what is left of it can be judged.

`PVT_PIPECAT_EVALS` names the `evals` folder of a pipecat-ai 1.14 source distribution.
"""

import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pipecat_voice_test.scenario.load import read_all
from pipecat_voice_test.scenario.schema import scenario_schema

EVALS = os.environ.get("PVT_PIPECAT_EVALS", "")

pytestmark = pytest.mark.skipif(not EVALS, reason="PVT_PIPECAT_EVALS names no evals folder")


def _content(file: Path) -> Any:
    """The file as plain values, read without any code of ours."""

    class Loader(yaml.SafeLoader):
        pass

    def include(loader: yaml.SafeLoader, node: Any) -> Any:
        return yaml.load((file.parent / node.value).read_text(), Loader)

    Loader.add_constructor("!include", include)
    return yaml.load(file.read_text(), Loader)


def test_every_eval_scenario_is_judgeable_or_skipped_with_a_reason() -> None:
    folder = Path(EVALS).resolve()

    scenarios, errors = read_all([folder], cwd=folder)

    assert errors == []
    assert len({scenario.file for scenario in scenarios}) >= 70
    for scenario in scenarios:
        judgeable = any(not wanted.skip_reason for turn in scenario.turns for wanted in turn.expect)
        assert judgeable or scenario.skip_reason, scenario.name


def test_every_eval_file_named_by_itself_is_read_or_has_no_name() -> None:
    folder = Path(EVALS).resolve()
    for file in sorted(folder.rglob("*.yaml")):
        scenarios, errors = read_all([file], cwd=folder)

        assert bool(scenarios) is ("name" in _content(file)), file
        assert bool(errors) is not bool(scenarios), file


def test_every_eval_file_fits_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(scenario_schema())
    for file in sorted(Path(EVALS).rglob("*.yaml")):
        content = _content(file)
        if "name" in content:
            assert [error.message for error in validator.iter_errors(content)] == [], file
