// When the jobs that ran calls came to their end last.
// Parameters: $keys (call hashes).
// $as_of: leave out what was recorded later.
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})<-[:MADE]-(j:Job)
WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction') AND j.finished <= $as_of
RETURN key, max(j.finished) AS at
