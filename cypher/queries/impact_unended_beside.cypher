// Jobs under parents that made no call, and made none themselves.
// Parameters: $keys (the parents' job ids).
// $as_of: as it was then, when jobs went on that have ended since; null for now.
UNWIND $keys AS key
MATCH (:Job {id: key})-[:SPAWNED]->(j:Job)
WHERE j.eval_hash IS NOT NULL AND ($as_of IS NULL OR j.started <= $as_of)
  AND (NOT EXISTS { (j)-[:MADE]->() } OR j.finished > $as_of)
RETURN key, j.id AS job, j.started AS started
