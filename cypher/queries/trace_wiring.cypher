// Which calls' results fed which calls inside parents; the parent itself stands for what its own function put there.
// Parameters: $keys (the parents' call hashes).
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})-[:CALLED]->(c:CallNode)-[f:FED_BY]->(p:CallNode)
WHERE f.within = key
RETURN key, c.call_hash AS consumer, f.name AS name, p.call_hash AS producer
