// The datasets that a change declared.
// Parameters: $id.
MATCH (c:Change {id: $id})-[:ADDED]->(d:Dataset)
RETURN d.id AS id, properties(d) AS properties
ORDER BY id
