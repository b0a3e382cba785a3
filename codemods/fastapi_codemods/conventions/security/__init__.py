"""Conventions of the chapter `security`."""
