"""Web frameworks: what is known of a request, also where no span tells it."""
