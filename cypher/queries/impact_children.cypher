// The calls that calls made.
// Parameters: $keys (call hashes). A row a call, with a list.
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})-[:CALLED]->(c:CallNode)
RETURN key, collect(DISTINCT c.call_hash) AS children
