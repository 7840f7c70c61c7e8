// The parents of jobs that made no call themselves, each with when the first of these jobs had ended.
// Parameters: $keys (job ids).
// $as_of: as it was then, when jobs went on that have ended since; null for now.
UNWIND $keys AS key
MATCH (j:Job {id: key})<-[:SPAWNED]-(p:Job)
WHERE ($as_of IS NULL OR j.started <= $as_of) AND (NOT EXISTS { (p)-[:MADE]->() } OR p.finished > $as_of)
RETURN p.id AS job, min(j.finished) AS since
