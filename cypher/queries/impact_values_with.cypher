// The values that hold files, if jobs without a call were given them; as of an earlier time, all of them.
// Parameters: $keys (file hashes).
// $as_of: that time; null for now.
UNWIND $keys AS key
MATCH (:File {file_hash: key})<-[:REFERS_TO]-(v:Value)
WHERE $as_of IS NOT NULL OR EXISTS { (v)<-[:GIVEN]-() }
RETURN key, v.value_hash AS value
