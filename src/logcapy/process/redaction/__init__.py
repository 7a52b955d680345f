"""Which secrets there are, how each is found, and what stands in its place."""
