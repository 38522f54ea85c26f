"""One story each: what a command does, step by step. The steps themselves are elsewhere."""
