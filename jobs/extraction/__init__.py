"""Foreign files, read in a sandbox."""
