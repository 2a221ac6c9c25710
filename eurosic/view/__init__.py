"""The viewer: a local page over the store of a run, tile by tile, at the resolution of the screen."""
