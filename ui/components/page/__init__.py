"""What frames every page: refresh, notices, banners, sign-in."""
