"""Every codemod, grouped by the chapters of the conventions: one module each, found by walking this package."""
