"""All session state, and the addresses it is written to."""
