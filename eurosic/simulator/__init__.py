"""The process model: soil columns in, yearly trajectories out. *Source:* SCIENCE.md."""
