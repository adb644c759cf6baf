"""`doctor`: what a deployment needs, checked before it and after it."""
