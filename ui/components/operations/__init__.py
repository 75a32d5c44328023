"""Parts of the operators' pages."""
