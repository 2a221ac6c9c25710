"""The walk: the only package that knows every stage. `run` is the page to read first."""
