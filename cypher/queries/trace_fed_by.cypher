// Which calls' results fed calls inside given parents.
// Parameters: $keys of [consumer's call_hash, parent's call_hash].
UNWIND $keys AS key
WITH key[0] AS consumer, key[1] AS parent
MATCH (c:CallNode {call_hash: consumer})-[f:FED_BY]->(p:CallNode)
WHERE f.within = parent
RETURN consumer, parent, f.name AS name, p.call_hash AS producer
