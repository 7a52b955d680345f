"""Records are born here: from logging, from exceptions, from spans; in the context of the caller."""
