"""`python -m djdock`."""

from djdock.cli import main

main()
