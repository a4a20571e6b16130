"""The project's own load programs; README.md says how to run and how to read them."""
