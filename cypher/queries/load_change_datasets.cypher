// Datasets that a change declared.
// Parameters: $id (the change's), $rows of [dataset's id, map of its properties].
MATCH (c:Change {id: $id})
UNWIND $rows AS r
MERGE (d:Dataset {id: r[0]})
ON CREATE SET d += r[1]
MERGE (c)-[:ADDED]->(d)
