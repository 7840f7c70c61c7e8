// Files that calls made, with the task whose own code made each and when that was recorded last.
// Parameters: none. Rows: path, digest, size, task, recorded.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (f:File)<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(c:CallNode)
WHERE ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
  AND (c.named IS NULL OR NOT f.file_hash IN c.named)
  AND NOT EXISTS { MATCH (c)-[r:FED_BY {name: 'return'}]->(:CallNode) WHERE r.within = c.call_hash }
RETURN f.path AS path, f.digest AS digest, f.size AS size, c.task_name AS task, max(c.recorded_at) AS recorded
ORDER BY path, recorded DESC, task
