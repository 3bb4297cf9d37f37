"""What the moderation screen shows, read from the tables: the list, one case, doubts. Views and words stay outside."""
