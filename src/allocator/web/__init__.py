"""The planner's desk: a local web application around the use cases, for people who do not use a terminal."""
