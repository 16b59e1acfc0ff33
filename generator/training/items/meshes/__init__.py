"""Meshes of the items, built from formulas: one file per kind, `build() -> Model`."""
