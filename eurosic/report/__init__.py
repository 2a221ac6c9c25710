"""Reports: totals, maps and charts of a finished projection."""
