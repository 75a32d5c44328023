"""Parts of the Batches page."""
