// The calls that returned files which were there before they began.
// Parameters: $keys (file hashes). One row with a list of rows, each with a list.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (f:File {file_hash: key})<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(c:CallNode)
WHERE c.named IS NOT NULL AND key IN c.named
  AND ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
WITH key, collect(DISTINCT c.call_hash) AS calls
RETURN collect([key, calls]) AS rows
