// When the jobs that ran calls first came to their end.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})<-[:MADE]-(j:Job)
WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction')
RETURN key, min(coalesce(j.finished, j.started)) AS at
