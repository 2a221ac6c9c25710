"""Projection: a predictor mapped over every study cell of Europe, tile by tile."""
