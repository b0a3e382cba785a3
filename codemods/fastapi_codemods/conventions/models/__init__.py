"""Conventions of the chapter `models`."""
