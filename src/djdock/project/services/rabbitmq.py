"""RabbitMQ, the broker that Celery takes where none is named: https://docs.celeryq.dev/en/stable/getting-started/"""

from __future__ import annotations

import re

from djdock.project import celery
from djdock.project.signs import Carrier, Need, Signs

NAME = "rabbitmq"
LOSES = "Background tasks are not run: there is no broker for them to wait in."


def detect(signs: Signs) -> Need | None:
    """The need for RabbitMQ; None where nothing needs it, or Redis can stand in for it."""
    dramatiq = signs.mapping("DRAMATIQ_BROKER")
    if re.search(r"rabbitmq", str(dramatiq.get("BROKER", "")), re.IGNORECASE):
        return Need(NAME, "DRAMATIQ_BROKER", loses=LOSES)
    broker = celery.broker(signs)
    if broker is None or broker.kind != "amqp" or celery.replaced_broker(signs):
        return None
    switches = tuple(Carrier(name, "switch") for name in celery.eager_variables(signs))
    loses = "Background tasks run where they are called, and the page waits for them." if switches else LOSES
    return Need(NAME, broker.source or "Celery, which names no broker", loses=loses, variables=switches)
