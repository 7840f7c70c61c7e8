// The files that belong to some datasets.
// Parameters: $keys (ids of datasets).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (d:Dataset {id: key})<-[p:PART_OF]-(f:File)
WHERE $as_of IS NULL OR EXISTS { MATCH (c:Change {id: p.change}) WHERE c.at <= $as_of }
RETURN DISTINCT key, f.file_hash AS file
