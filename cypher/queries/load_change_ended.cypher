// Tags and datasets that count no more since a change.
// Parameters: $id (the change's), $rows of [tag's or dataset's id].
MATCH (c:Change {id: $id})
UNWIND $rows AS r
OPTIONAL MATCH (t:Tag {id: r[0]})
OPTIONAL MATCH (d:Dataset {id: r[0]})
WITH c, coalesce(t, d) AS n
WHERE n IS NOT NULL
MERGE (c)-[:ENDED]->(n)
