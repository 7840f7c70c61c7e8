// The newest call of a task, in whatever version.
// Parameters: $task (full name), $versions (hashes of those that are meant; null for all).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (t:Task {fullname: $task})<-[:OF]-(c:CallNode)
WHERE $versions IS NULL OR t.task_hash IN $versions
OPTIONAL MATCH (c)<-[:MADE]-(j:Job) WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction') AND j.finished <= $as_of
WITH c, max(CASE WHEN $as_of IS NULL THEN c.recorded_at ELSE j.finished END) AS at
WHERE $as_of IS NULL OR at IS NOT NULL
RETURN c.call_hash AS call, at
ORDER BY at DESC, call LIMIT 1
