"""An application's records on their way to a real destination that is killed and started again."""
