// The calls that calls made.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})-[r:CALLED]->(d:CallNode)
RETURN key, r.order AS order, d.call_hash AS child
