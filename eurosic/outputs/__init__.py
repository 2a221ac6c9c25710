"""Outputs: the Zarr store of a projection, its lazy cube, and what GIS tools open."""
