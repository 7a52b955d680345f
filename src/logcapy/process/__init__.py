"""What happens to a record in the thread of the caller: context is added, secrets are taken out. No I/O."""
