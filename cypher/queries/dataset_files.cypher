// The files that belong to some datasets.
// Parameters: $keys (ids of datasets).
UNWIND $keys AS key
MATCH (d:Dataset {id: key})<-[:PART_OF]-(f:File)
RETURN DISTINCT key, f.file_hash AS file
