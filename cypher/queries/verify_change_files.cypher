// The files that a change found to belong to some datasets.
// Parameters: $id, $keys (the datasets' ids).
UNWIND $keys AS key
MATCH (d:Dataset {id: key})<-[p:PART_OF]-(f:File)
WHERE p.change = $id
RETURN key, f.file_hash AS file
