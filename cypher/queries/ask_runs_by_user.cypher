// Who ran workflows, how often, how many of the runs failed, and when the last one was.
// Parameters: none. Rows: user, runs, failed, last.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution)
WHERE ($as_of IS NULL OR e.started <= $as_of)
RETURN e.user AS user, count(*) AS runs, sum(CASE WHEN CASE WHEN e.finished > $as_of THEN 'RUNNING' ELSE e.status END = 'FAILED' THEN 1 ELSE 0 END) AS failed,
       max(e.started) AS last
ORDER BY runs DESC, user
