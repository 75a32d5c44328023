"""One reader for each format: `read(data)` yields what `jobs.extraction.blocks` describes."""
