// The datasets, as they are declared now, that some files belong to.
// Parameters: $keys (file hashes).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (f:File {file_hash: key})-[p:PART_OF]->(d:Dataset)
WHERE NOT EXISTS { MATCH (d)<-[:ENDED]-(e:Change) WHERE $as_of IS NULL OR e.at <= $as_of }
  AND ($as_of IS NULL OR EXISTS { MATCH (c:Change {id: p.change}) WHERE c.at <= $as_of })
RETURN DISTINCT key, d.id AS dataset
