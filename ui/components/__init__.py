"""What pages are made of: `show_*` functions, one concept each. They import no page."""
