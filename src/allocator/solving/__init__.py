"""Problem and rules to a plan with its proof."""
