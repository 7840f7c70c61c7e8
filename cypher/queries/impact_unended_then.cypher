// Jobs that were at work on values at a time, and have made their calls since.
// Parameters: $keys (value hashes).
// $as_of: that time.
UNWIND $keys AS key
MATCH (:Value {value_hash: key})<-[:TOOK]-(:CallNode)<-[:MADE]-(j:Job)
WHERE j.started <= $as_of AND j.finished > $as_of AND (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction')
RETURN DISTINCT key, j.id AS job, j.started AS started
