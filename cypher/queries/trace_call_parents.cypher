// The calls that made calls.
// Parameters: $keys (call hashes). One row with a list of rows.
// From the key upwards, in this order: the local graph looks through all that a parent made where the parent comes first.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})<-[:CALLED]-(p:CallNode)
WHERE ($as_of IS NULL OR EXISTS { MATCH (p)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
WITH DISTINCT key, p.call_hash AS parent
RETURN collect([key, parent]) AS rows
