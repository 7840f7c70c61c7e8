// Tags that a change added.
// Parameters: $id (the change's), $rows of [tag's id, map of its properties].
MATCH (c:Change {id: $id})
UNWIND $rows AS r
MERGE (t:Tag {id: r[0]})
ON CREATE SET t += r[1]
MERGE (c)-[:ADDED]->(t)
