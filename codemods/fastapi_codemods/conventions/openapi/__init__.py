"""Conventions of the chapter `openapi`."""
