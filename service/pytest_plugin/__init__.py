"""The pytest plugin: examples in rule files (`*.vpi`) and fixture files (`*.cases.jsonl`) as tests.

Switched off with `-p no:vpi`. Everything that it needs is imported when the first such file is found, so that pytest
starts as fast as ever where there is none.
"""

from importlib import import_module
from pathlib import Path

import pytest

RULE_FILE = ".vpi"
CASE_FILE = ".cases.jsonl"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`vpi_rules`, which fixture files away from any rules are priced by."""
    parser.addini(
        "vpi_rules",
        "the rules that price a *.cases.jsonl file with no rule files in its own folder or one above it: "
        "a file or a folder, from the root of the tests",
        type="string",
        default="rules",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The collector of a rule file or a fixture file; None for any other."""
    if file_path.name.endswith(RULE_FILE):
        kind = import_module("service.pytest_plugin.rule_files").RuleFile
    elif file_path.name.endswith(CASE_FILE):
        kind = import_module("service.pytest_plugin.case_files").CaseFile
    else:
        return None
    collector = kind.from_parent(parent, path=file_path)
    assert isinstance(collector, pytest.Collector)
    return collector
