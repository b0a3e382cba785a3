"""Conventions of the chapter `errors`."""
