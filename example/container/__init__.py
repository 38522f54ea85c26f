# Made by djdock, yours to edit; `djdock init` merges its changes with yours.
"""What production's containers run beside the site itself: entrypoint.py prepares them, health.py says how they are."""
