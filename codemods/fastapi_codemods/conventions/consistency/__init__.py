"""Conventions of the chapter `consistency`."""
