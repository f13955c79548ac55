"""Which sites to keep so that pupils have the least way: the p-median under seats, from plain tables."""
