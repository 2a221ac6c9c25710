"""Where a run works: a Dask client from a profile, for this machine, a batch system or a running scheduler."""

from eurosic.clusters.client import dashboard_lines, open_client
from eurosic.clusters.profile import Jobs, Profile
from eurosic.clusters.report import write_report

__all__ = ["Jobs", "Profile", "dashboard_lines", "open_client", "write_report"]
