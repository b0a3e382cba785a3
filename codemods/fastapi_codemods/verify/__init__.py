"""Proof that a change is what its codemod declares, before anything is written."""
