"""Conventions of the chapter `routing`."""
