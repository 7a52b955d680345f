"""What is measured within one process; each measure is a module with ``measure(opened, work, records)``."""
