// The children of some calls that may be reused, with their results.
// Parameters: $call_hashes. One row with a list of rows (a message each would cost the driver more than the query):
// parent's call_hash, order, child's call_hash, eval_hash, value_hash, type, codec,
// bytes, location, has_children, files [[file_hash, path, evidence, digest], ...] in the result,
// context ["path=hash", ...] or null, gap [mark of what was not recorded, ...] or null,
// states [state of a handle, ...] or null.
UNWIND $call_hashes AS parent
MATCH (:CallNode {call_hash: parent})-[o:CALLED]->(c:CallNode)
WHERE c.cacheable = true AND c.failed = false
MATCH (c)-[:RETURNED]->(v:Value)
OPTIONAL MATCH (v)-[:REFERS_TO]->(f:File)
WITH parent, o.order AS place, c, v,
     collect(CASE WHEN f IS NULL THEN null ELSE [f.file_hash, f.path, f.evidence, f.digest] END) AS files
RETURN collect([parent, place, c.call_hash, c.eval_hash, v.value_hash, v.type, v.codec, v.bytes, v.location,
       EXISTS { (c)-[:CALLED]->() }, files, c.context, c.gap, c.states]) AS rows
