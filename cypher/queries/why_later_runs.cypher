// How many runs began after one.
// Parameters: $execution (its id).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (one:Execution {id: $execution})
MATCH (e:Execution)
WHERE e.started > one.started AND ($as_of IS NULL OR e.started <= $as_of)
RETURN count(e) AS runs
