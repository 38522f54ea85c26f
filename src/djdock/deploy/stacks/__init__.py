"""The parts of the target Swarm: its nodes, the stack file and pieces of it, services and their tasks, one-off jobs."""
