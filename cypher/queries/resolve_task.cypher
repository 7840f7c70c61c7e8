// The versions of the tasks of one name, the one that was called last first, with the options that count in them.
// Parameters: $name (its full name).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (t:Task {fullname: $name})
OPTIONAL MATCH (t)<-[:OF]-(c:CallNode)
OPTIONAL MATCH (c)<-[:MADE]-(j:Job) WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction') AND j.finished <= $as_of
WITH t, max(CASE WHEN $as_of IS NULL THEN c.recorded_at ELSE j.finished END) AS at
WHERE $as_of IS NULL OR at IS NOT NULL
RETURN t.task_hash AS id, t.fullname AS label, at, t.options AS options
ORDER BY CASE WHEN at IS NULL THEN 1 ELSE 0 END, at DESC, id
