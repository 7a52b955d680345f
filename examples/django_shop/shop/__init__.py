"""A small shop on Django. It knows nothing of LogCapy and logs as applications do, mistakes included."""
