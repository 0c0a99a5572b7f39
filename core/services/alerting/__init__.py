"""What fires, who owns it, and whom it reached: rules, the inbox, channels and deliveries."""
