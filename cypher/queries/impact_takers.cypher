// The calls that took files, inside whatever value.
// Parameters: $keys (file hashes). One row with a list of rows, each with a list: messages would cost more than the query.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (f:File {file_hash: key})<-[:REFERS_TO]-(:Value)<-[:TOOK]-(c:CallNode)
WHERE ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
WITH key, collect(DISTINCT c.call_hash) AS calls
RETURN collect([key, calls]) AS rows
