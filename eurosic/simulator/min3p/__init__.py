"""MIN3P beside the simulator: read its output, write its decks, run a user's executable, import its runs.

Station: the reference model's side of the process stage. *Enters:* files that MIN3P wrote, or a column design.
*Leaves:* xarray Datasets in the units of the house, decks as text. It must not import the reduced simulator, nor
be imported by its kernels. *Source:* SCIENCE.md section 3; MIN3P-HPC 2.6.2.880 (github min3p-ubc/min3p, MIT).
"""

from eurosic.simulator.min3p.read import Min3pWarning, read_min3p

__all__ = ["Min3pWarning", "read_min3p"]
