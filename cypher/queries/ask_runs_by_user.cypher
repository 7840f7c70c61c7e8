// Who ran workflows, how often, how many of the runs failed, and when the last one was.
// Parameters: none. Rows: user, runs, failed, last.
MATCH (e:Execution)
RETURN e.user AS user, count(*) AS runs, sum(CASE WHEN e.status = 'FAILED' THEN 1 ELSE 0 END) AS failed,
       max(e.started) AS last
ORDER BY runs DESC, user
