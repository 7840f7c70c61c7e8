// What calls took.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})-[k:TOOK]->(v:Value)
RETURN key, k.name AS name, k.position AS position, v.value_hash AS value, v.type AS type, v.size AS size,
       v.preview AS preview
