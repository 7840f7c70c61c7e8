// The newest reusable call of each cache key that has one, with its result.
// Parameters: $keys. One row with a list of rows (a message each would cost the driver more than the query):
// eval_hash, call_hash, value_hash, type, codec, bytes, location, has_children,
// files [[file_hash, path, evidence, digest], ...] in the result.
UNWIND $keys AS key
MATCH (c:CallNode {eval_hash: key})
WHERE c.cacheable = true AND c.failed = false
WITH key, c ORDER BY c.recorded_at DESC
WITH key, collect(c)[0] AS c
MATCH (c)-[:RETURNED]->(v:Value)
OPTIONAL MATCH (v)-[:REFERS_TO]->(f:File)
WITH key, c, v, collect(CASE WHEN f IS NULL THEN null ELSE [f.file_hash, f.path, f.evidence, f.digest] END) AS files
RETURN collect([key, c.call_hash, v.value_hash, v.type, v.codec, v.bytes, v.location,
       EXISTS { (c)-[:CALLED]->() }, files]) AS rows
