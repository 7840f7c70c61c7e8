// The calls that calls made.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})-[:CALLED]->(c:CallNode)
RETURN DISTINCT key, c.call_hash AS child
