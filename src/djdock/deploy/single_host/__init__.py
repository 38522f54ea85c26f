"""One host with Compose: the containers that run, the proxy before them, and how new ones take over from old ones."""
