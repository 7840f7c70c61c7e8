// The newest reusable calls of each cache key that has any, newest first, with their results: as many as asked for; where
// the newest read the context, twenty, since which of them holds depends on the context of whoever asks.
// Parameters: $keys, $newest (how many). One row with a list of rows (a message each would cost the driver more than the query):
// eval_hash, call_hash, value_hash, type, codec, bytes, location, has_children,
// files [[file_hash, path, evidence, digest], ...] in the result, context ["path=hash", ...] or null,
// gap [mark of what was not recorded, ...] or null,
// states [state of a handle, ...] or null.
UNWIND $keys AS key
MATCH (c:CallNode {eval_hash: key})
WHERE c.cacheable = true AND c.failed = false
WITH key, c ORDER BY c.recorded_at DESC
WITH key, collect(c) AS found
UNWIND (CASE WHEN found[0].context IS NULL THEN found[0..$newest] ELSE found[0..20] END) AS c
MATCH (c)-[:RETURNED]->(v:Value)
OPTIONAL MATCH (v)-[:REFERS_TO]->(f:File)
WITH key, c, v, collect(CASE WHEN f IS NULL THEN null ELSE [f.file_hash, f.path, f.evidence, f.digest] END) AS files
ORDER BY c.recorded_at DESC
RETURN collect([key, c.call_hash, v.value_hash, v.type, v.codec, v.bytes, v.location,
       EXISTS { (c)-[:CALLED]->() }, files, c.context, c.gap, c.states]) AS rows
