"""Inputs: maps and tables of a user, aligned onto the grid, and what is derived from them."""
