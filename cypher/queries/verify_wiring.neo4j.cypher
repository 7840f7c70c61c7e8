// What fed what inside calls: among the calls they made, and into their own results. By the index of flows: of a call
// that many share, most flows are in others.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (p:CallNode {call_hash: key})
MATCH (c:CallNode)-[f:FED_BY {within: p.call_hash}]->(d:CallNode)
WHERE c = p OR EXISTS { (p)-[:CALLED]->(c) }
RETURN key, c.call_hash AS consumer, f.name AS name, d.call_hash AS producer
