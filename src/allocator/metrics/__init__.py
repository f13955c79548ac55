"""What a plan does, measured apart from the rules and the solver."""
