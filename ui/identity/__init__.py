"""Who is asking: browser cookie, OpenID login, or proxy."""
