"""DECIDE, for production: the files that Compose on one host, Docker Swarm and Kubernetes get, from one release."""
