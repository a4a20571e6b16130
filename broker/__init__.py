"""The mobile OAuth broker: signs people in for native apps and keeps the providers' tokens."""
