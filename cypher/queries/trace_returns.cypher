// The children whose results became calls' own; the call itself where its own function added to them.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})-[f:FED_BY {name: 'return'}]->(p:CallNode)
WHERE f.within = key
RETURN key, key AS consumer, f.name AS name, p.call_hash AS producer
