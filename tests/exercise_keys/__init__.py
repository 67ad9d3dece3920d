"""The keys of each chapter's exercises, found another way; one file a chapter."""
