"""What commands share. Nothing here imports from `local` or `deploy`."""
