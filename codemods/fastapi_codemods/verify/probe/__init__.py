"""Runs in the project's interpreter, not in ours: see `__main__.py`. Syntax of Python 3.8."""
