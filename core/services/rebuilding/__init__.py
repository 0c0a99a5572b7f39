"""When and how models are rebuilt, and what enters as challenger."""
