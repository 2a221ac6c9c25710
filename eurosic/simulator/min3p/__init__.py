"""MIN3P beside the simulator: read its output, write its decks, run a user's executable, import its runs.

Station: the reference model's side of the process stage. *Enters:* files that MIN3P wrote, or a column design
(`design`, `deck_write`). *Leaves:* xarray Datasets in CF units, decks as text, folders of good and of failed runs.
It must not be imported by the simulator's kernels, and shares with them nothing but constants.
*Source:* SCIENCE.md section 3; MIN3P-HPC 2.6.2.880 (github min3p-ubc/min3p, MIT).
"""

from eurosic.simulator.min3p.deck import read_deck
from eurosic.simulator.min3p.ensemble import import_runs
from eurosic.simulator.min3p.listing import read_fls
from eurosic.simulator.min3p.outputs import read_mac, read_spatial, read_transient
from eurosic.simulator.min3p.read import Min3pWarning, read_min3p
from eurosic.simulator.min3p.run import RunOutcome, run_min3p

__all__ = [
    "Min3pWarning",
    "RunOutcome",
    "import_runs",
    "read_deck",
    "read_fls",
    "read_mac",
    "read_min3p",
    "read_spatial",
    "read_transient",
    "run_min3p",
]
