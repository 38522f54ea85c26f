"""The parts of the engine with Docker: is it here, which containers are ours, what went wrong, whose data are there."""
