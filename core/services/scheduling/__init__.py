"""What the desk does by itself, when, and what came of it."""
