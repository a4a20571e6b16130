"""What people see. Jinja templates, one stylesheet, no build step; everything works without script."""
