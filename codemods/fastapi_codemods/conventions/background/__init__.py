"""Conventions of the chapter `background`."""
