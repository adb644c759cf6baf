"""What prepares, checks and repairs deployments on AWS, and stacks of `make dev` too."""
