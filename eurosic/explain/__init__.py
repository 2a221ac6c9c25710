"""Explanation: what drives the change of SIC in time, what goes with SIC in space, and how far the two differ."""
