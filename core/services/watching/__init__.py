"""What the desk watches: whether inputs, scores and the link to outcomes have moved, and what it kept of each look."""
