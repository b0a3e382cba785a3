"""Conventions of the chapter `middleware`."""
