"""Conventions of the chapter `dependencies`."""
