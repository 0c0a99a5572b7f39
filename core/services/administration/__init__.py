"""What an administrator sees and does: jobs that run, what the desk takes up, what is in force, who may come in."""
