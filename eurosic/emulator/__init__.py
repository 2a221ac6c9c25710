"""Emulator: a network that learns a simulation ensemble, conserves carbon, and knows what it does not know."""
