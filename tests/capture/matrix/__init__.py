"""One small application in each framework, with one path for each way an exception can take, and what asks them."""
