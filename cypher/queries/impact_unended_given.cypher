// Jobs that were given values and have made no call of it: they go on, or were cut off.
// Parameters: $keys (value hashes).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (:Value {value_hash: key})<-[:GIVEN]-(j:Job)
WHERE $as_of IS NULL OR j.started <= $as_of
RETURN DISTINCT key, j.id AS job, j.started AS started
