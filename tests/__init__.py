"""The tests; a package so that `tests.harness` has one name for pytest, mypy and pyright."""
