"""The engines that production runs on, one module each."""

from __future__ import annotations

from djdock.deploy.targets import compose, kubernetes, swarm
from djdock.deploy.targets.target import Target

REGISTRY: tuple[Target, ...] = (compose, swarm, kubernetes)
BY_NAME: dict[str, Target] = {target.NAME: target for target in REGISTRY}
