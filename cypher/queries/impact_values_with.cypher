// The values that hold files.
// Parameters: $keys (file hashes).
UNWIND $keys AS key
MATCH (:File {file_hash: key})<-[:REFERS_TO]-(v:Value)
RETURN key, v.value_hash AS value
