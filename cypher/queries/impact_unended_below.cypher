// Jobs under jobs that made no call, each with the call that it made; null where it came to none either.
// Parameters: $keys (the parents' job ids).
// $as_of: as it was then, when jobs went on that have ended since; null for now.
UNWIND $keys AS key
MATCH (:Job {id: key})-[:SPAWNED]->(j:Job)
WHERE $as_of IS NULL OR j.started <= $as_of
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode) WHERE $as_of IS NULL OR j.finished <= $as_of
WITH key, j, c
WHERE c IS NOT NULL OR j.eval_hash IS NOT NULL
RETURN key, j.id AS job, c.call_hash AS call, j.started AS started
