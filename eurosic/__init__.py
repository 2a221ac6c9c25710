"""eurosic: how much inorganic carbon do Europe's calcareous arable soils lose, or keep?"""
