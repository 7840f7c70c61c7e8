// What flowed into calls, as their edges say, but inside no call that made them: neither in the call itself, for its
// own result, nor in a parent of it.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})-[f:FED_BY]->(d:CallNode)
WHERE f.within IS NULL OR f.within <> key
OPTIONAL MATCH (p:CallNode {call_hash: f.within})-[:CALLED]->(c)
WITH key, f, d, p
WHERE p IS NULL
RETURN key, f.name AS name, d.call_hash AS producer, f.within AS within
