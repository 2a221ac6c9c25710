"""eurosic: the inorganic carbon of Europe's calcareous arable soils under less nitrogen."""
