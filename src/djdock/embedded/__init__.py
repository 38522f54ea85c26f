"""The parts of the embedded engine: the cluster, the virtual environment, the site's process."""
