// What the function of each cache key's call returned, where that was an expression.
// Parameters: $keys. One row with a list of rows (a message each would cost the driver more than the query):
// eval_hash, value_hash, type, codec, bytes, location,
// files [[file_hash, path, evidence, digest], ...] in the expression, the directory that these are relative to or null.
// (Grouped by node: the local graph takes two equal byte strings for two groups.)
UNWIND $keys AS key
MATCH (e:Evaluation {eval_hash: key})-[:REDUCED_TO]->(v:Value)
OPTIONAL MATCH (v)-[:REFERS_TO]->(f:File)
WITH key, v, e.directory AS directory,
     collect(CASE WHEN f IS NULL THEN null ELSE [f.file_hash, f.path, f.evidence, f.digest] END) AS files
RETURN collect([key, v.value_hash, v.type, v.codec, v.bytes, v.location, files, directory]) AS rows
