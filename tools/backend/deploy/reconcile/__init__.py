"""`reconcile`: the bucket and the table, held against each other."""
