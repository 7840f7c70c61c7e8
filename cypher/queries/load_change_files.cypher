// The files that belong to datasets; `change` on the edge says who found that out.
// Parameters: $id (the change's), $rows of [file_hash, dataset's id].
UNWIND $rows AS r
MATCH (f:File {file_hash: r[0]})
MATCH (d:Dataset {id: r[1]})
MERGE (f)-[:PART_OF {change: $id}]->(d)
