"""Strict fakes of intakes that cannot be had: each refuses what the real one refuses, and can be made to fail."""
