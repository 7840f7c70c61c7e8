// The calls that returned files, inside whatever value.
// Parameters: $keys (file hashes).
UNWIND $keys AS key
MATCH (f:File {file_hash: key})<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(c:CallNode)
RETURN DISTINCT key, c.call_hash AS call
