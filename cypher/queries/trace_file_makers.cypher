// The calls that returned files, inside whatever value.
// Parameters: $keys (file hashes). One row with a list of rows: a message each would cost more than the query.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (f:File {file_hash: key})<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(c:CallNode)
WHERE ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
WITH DISTINCT key, c.call_hash AS call
RETURN collect([key, call]) AS rows
