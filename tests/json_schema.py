"""Enough of JSON Schema to hold documents to the schemas in docs/."""

import re

import pytest

TYPES = {
    "object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None),
}  # fmt: skip


def assert_valid(value, schema, place="document", definitions=None):
    """As much of JSON Schema as the schema uses; a keyword that is not known here is a failure."""
    definitions = schema.get("$defs", definitions)
    for keyword, rule in schema.items():
        match keyword:
            case "$schema" | "$defs" | "title" | "description":
                pass
            case "$ref":
                assert_valid(value, definitions[rule.rpartition("/")[2]], place, definitions)
            case "type":
                names = rule if isinstance(rule, list) else [rule]
                assert any(type(value) is TYPES[name] for name in names), f"{place} is {value!r}, not {rule}"
            case "const":
                assert value == rule, place
            case "enum":
                assert value in rule, place
            case "minimum":
                assert value >= rule, place
            case "pattern":
                assert re.search(rule, value), f"{place} is {value!r}"
            case "required":
                assert set(rule) <= set(value), place
            case "properties":
                assert set(value) <= set(rule), f"{place} has fields that the schema does not know"
                for name, inner in rule.items():
                    if name in value:
                        assert_valid(value[name], inner, f"{place}.{name}", definitions)
            case "additionalProperties":
                for name, item in value.items():
                    assert_valid(item, rule, f"{place}.{name}", definitions)
            case "items":
                for index, item in enumerate(value):
                    assert_valid(item, rule, f"{place}[{index}]", definitions)
            case _:
                pytest.fail(f"{place}: the schema uses {keyword}")
