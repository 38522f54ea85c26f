"""What this machine has: interpreters, ports, accounts, PostgreSQL servers, running processes."""
