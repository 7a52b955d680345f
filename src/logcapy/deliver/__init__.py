"""Between the caller and the network: a bounded queue and one worker a destination, and the accounts."""
