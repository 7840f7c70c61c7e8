// The calls that returned files which were there before they began.
// Parameters: $keys (file hashes).
UNWIND $keys AS key
MATCH (f:File {file_hash: key})<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(c:CallNode)
WHERE c.named IS NOT NULL AND key IN c.named
RETURN key, collect(DISTINCT c.call_hash) AS calls
