"""What every stage speaks: words, units, grid, signature, provenance, errors. Imports nothing of ours."""
