// The calls that took files, inside whatever value.
// Parameters: $keys (file hashes). A row a file, with a list: a message for each call would cost more than the query.
UNWIND $keys AS key
MATCH (f:File {file_hash: key})<-[:REFERS_TO]-(:Value)<-[:TOOK]-(c:CallNode)
RETURN key, collect(DISTINCT c.call_hash) AS calls
