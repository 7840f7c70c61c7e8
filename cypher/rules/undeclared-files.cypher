// title: Scripts declare the files that they read and write
// severity: warning
// why: A file that a script reads and does not declare may change, and the script is not run again.
// fix: Name the file among the script's inputs or outputs, or have the script leave it alone.
MATCH (e:Execution)
WHERE e.started >= $since
WITH e
MATCH (j:Job {execution_id: e.id})
WHERE (j.undeclared_reads IS NOT NULL OR j.undeclared_writes IS NOT NULL) AND ($as_of IS NULL OR j.finished <= $as_of)
WITH e, j, coalesce(j.undeclared_reads, []) AS reads, coalesce(j.undeclared_writes, []) AS writes
RETURN j.task_name + ' read ' + toString(size(reads)) + ' and wrote ' + toString(size(writes))
       + ' files that it does not declare, like ' + head(reads + writes) AS message,
       ['job:' + j.id, 'execution:' + e.id] AS nodes
