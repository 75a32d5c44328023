"""The web server around the pages: headers, hosts, deep links, startup checks."""
