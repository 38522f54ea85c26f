"""What goes to production, decided from texts alone."""
