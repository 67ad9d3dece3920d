"""Speed and accuracy of every likelihood beside its best public peer."""
