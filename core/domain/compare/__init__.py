"""Two models on the same rows: differences with intervals, what they need, and what follows from them."""
