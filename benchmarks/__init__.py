"""One script per figure of README's performance table: `python -m benchmarks` runs them all."""
