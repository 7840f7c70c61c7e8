// The tags that a change added, with the keys of what they are on.
// Parameters: $id.
MATCH (c:Change {id: $id})-[:ADDED]->(t:Tag)
OPTIONAL MATCH (t)<-[:TAGGED]-(n)
WITH t, collect(coalesce(n.id, n.task_hash, n.call_hash, n.value_hash, n.file_hash)) AS targets
RETURN t.id AS id, properties(t) AS properties, targets
ORDER BY id
