"""What the target Kubernetes is made of: the client, the rendered objects, pods that run once, rollouts."""
