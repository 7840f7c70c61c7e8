// End a query that takes too long. Parameters: $id as of running_queries.
TERMINATE TRANSACTIONS $id
