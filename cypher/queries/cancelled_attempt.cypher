// The attempt after one that failed, where it was cancelled: its id.
// Parameters: $id, the job that failed.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (p:Job)-[:SPAWNED]->(j:Job {id: $id})
MATCH (p)-[:SPAWNED]->(next:Job)
WHERE next.task_hash = j.task_hash AND next.attempt = j.attempt + 1 AND next.n > j.n AND next.status = 'CANCELLED'
  AND ($as_of IS NULL OR next.finished <= $as_of)
RETURN next.id AS id
ORDER BY next.n LIMIT 1
