"""Random networks, on each of which fastbp is to be ahead of every peer."""
