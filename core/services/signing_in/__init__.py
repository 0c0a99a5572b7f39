"""Who may come in: people and their passwords, sessions, tokens of programs; guessing is slowed down."""
