"""READ: what is this project? Nothing in this package changes a file."""
