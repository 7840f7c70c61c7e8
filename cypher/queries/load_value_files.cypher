// Which files a value refers to; left alone where the graph knows already.
// Parameters: $rows of [value_hash, [file_hash, ...]].
UNWIND $rows AS r
MATCH (v:Value {value_hash: r[0]})
WHERE NOT EXISTS { (v)-[:REFERS_TO]->() }
WITH v, r[1] AS files
UNWIND files AS file_hash
MATCH (f:File {file_hash: file_hash})
CREATE (v)-[:REFERS_TO]->(f)
