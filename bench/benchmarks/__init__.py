"""What asv measures, one file an idea."""
