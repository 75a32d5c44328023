"""Documents as people see them: client, repository, file store, quota, page images."""
