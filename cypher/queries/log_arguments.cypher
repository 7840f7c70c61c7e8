// The arguments of some calls.
// Parameters: $calls (call hashes).
UNWIND $calls AS call
MATCH (c:CallNode {call_hash: call})-[k:TOOK]->(v:Value)
RETURN call, k.name AS name, k.position AS position, v.value_hash AS value, v.type AS type, v.size AS size,
       v.preview AS preview
