// The next files in the order of their paths and hashes that may come from outside, whoever took them, and whether any call
// returned them: null for what is made beyond doubt, as in audit_taken.
// Parameters: $path, $file (what the last one had), $most. One row with a list of rows: file, path, whether a call returned it.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (f:File)
WHERE f.path >= $path AND (f.path > $path OR f.file_hash > $file)
  AND NOT f.evidence IN ['class', 'function', 'task', 'folder', 'glob', 'folder-content', 'glob-content', 'missing']
WITH f ORDER BY f.path, f.file_hash LIMIT $most
RETURN collect([f.file_hash, f.path, CASE WHEN f.evidence <> 'value' AND EXISTS {
    MATCH (f)<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(c:CallNode)
    WHERE c.named IS NULL AND NOT EXISTS { (c)-[:CALLED]->() } AND NOT EXISTS { (c)-[:TOOK]->(:Value)-[:REFERS_TO]->(f) }
      AND ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
  } THEN null ELSE EXISTS { (f)<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(:CallNode) } END]) AS rows
