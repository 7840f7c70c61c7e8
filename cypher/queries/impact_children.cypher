// The calls that calls made.
// Parameters: $keys (call hashes). One row with a list of rows, each with a list.
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})-[:CALLED]->(c:CallNode)
WITH key, collect(DISTINCT c.call_hash) AS children
RETURN collect([key, children]) AS rows
