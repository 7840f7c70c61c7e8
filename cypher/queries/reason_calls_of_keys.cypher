// Every recorded call of some cache keys, the newest first, whether or not it may be reused.
// Parameters: $keys. One row with a list of rows: eval_hash, failed, cacheable, preview of the result,
// files [[file_hash, path, evidence, digest], ...] in the result.
UNWIND $keys AS key
MATCH (c:CallNode {eval_hash: key})-[:RETURNED]->(v:Value)
WITH key, c, v ORDER BY c.recorded_at DESC
OPTIONAL MATCH (v)-[:REFERS_TO]->(f:File)
WITH key, c, v, collect(CASE WHEN f IS NULL THEN null ELSE [f.file_hash, f.path, f.evidence, f.digest] END) AS files
RETURN collect([key, c.failed, c.cacheable, v.preview, files]) AS rows
