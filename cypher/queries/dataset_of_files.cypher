// The datasets, as they are declared now, that some files belong to.
// Parameters: $keys (file hashes).
UNWIND $keys AS key
MATCH (f:File {file_hash: key})-[:PART_OF]->(d:Dataset)
WHERE NOT EXISTS { (d)<-[:ENDED]-(:Change) }
RETURN DISTINCT key, d.id AS dataset
