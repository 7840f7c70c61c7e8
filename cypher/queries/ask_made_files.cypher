// Files that calls made, with the task whose own code made each and when that was recorded last.
// Parameters: none. Rows: path, digest, size, task, recorded.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (f:File)<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(c:CallNode)
WHERE (c.named IS NULL OR NOT f.file_hash IN c.named)
  AND NOT EXISTS { MATCH (c)-[r:FED_BY {name: 'return'}]->(:CallNode) WHERE r.within = c.call_hash }
OPTIONAL MATCH (c)<-[:MADE]-(m:Job)
WHERE $as_of IS NOT NULL AND (m.status <> 'CACHED' OR m.reason STARTS WITH 'single reduction') AND m.finished <= $as_of
WITH f, c, CASE WHEN $as_of IS NULL THEN c.recorded_at ELSE max(m.finished) END AS recorded
WHERE $as_of IS NULL OR recorded IS NOT NULL
RETURN f.path AS path, f.digest AS digest, f.size AS size, c.task_name AS task, max(recorded) AS recorded
ORDER BY path, recorded DESC, task
