"""Conventions of the chapter `concurrency`."""
