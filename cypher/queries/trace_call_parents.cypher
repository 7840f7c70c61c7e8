// The calls that made calls.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (p:CallNode)-[:CALLED]->(c:CallNode {call_hash: key})
RETURN DISTINCT key, p.call_hash AS parent
