"""How fast, how light and how robust the site is in production: servers and settings, side by side."""
