// What the function of each cache key's call returned, where that was an expression.
// Parameters: $keys. Rows: eval_hash, value_hash, type, codec, bytes, location,
// files [[file_hash, path, evidence, digest], ...] in the expression.
UNWIND $keys AS key
MATCH (e:Evaluation {eval_hash: key})-[:REDUCED_TO]->(v:Value)
OPTIONAL MATCH (v)-[:REFERS_TO]->(f:File)
RETURN key, v.value_hash, v.type, v.codec, v.bytes, v.location,
       collect(CASE WHEN f IS NULL THEN null ELSE [f.file_hash, f.path, f.evidence, f.digest] END) AS files
