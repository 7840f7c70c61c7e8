// Tasks by the time that their jobs took: how many ran, seconds in all, and of the longest.
// Parameters: none. Rows: task, jobs, seconds, longest.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (j:Job)
WHERE j.status = 'DONE' AND j.started IS NOT NULL AND j.finished IS NOT NULL AND ($as_of IS NULL OR j.finished <= $as_of)
WITH j.task_name AS task, j.finished.epochMillis - j.started.epochMillis AS took
WITH task, count(*) AS jobs, sum(took) AS all, max(took) AS longest
RETURN task, jobs, all / 1000.0 AS seconds, longest / 1000.0 AS longest
ORDER BY seconds DESC, task
