"""The project's commands: a backend on this machine (`local`), and what operates deployed ones (`deploy`)."""
