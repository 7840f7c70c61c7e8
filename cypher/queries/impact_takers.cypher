// The calls that took files, inside whatever value.
// Parameters: $keys (file hashes).
UNWIND $keys AS key
MATCH (f:File {file_hash: key})<-[:REFERS_TO]-(:Value)<-[:TOOK]-(c:CallNode)
RETURN DISTINCT key, c.call_hash AS call
