"""EVENTS ON THEIR WAY OUT: from the users' outboxes to the audit log and, signed, to the endpoints of webhooks."""
