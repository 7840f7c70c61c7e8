// title: Nothing is left out of the record
// severity: warning
// why: What a task did that is not recorded (prov=False) cannot be asked about: which files it read, which code it ran.
// fix: Take prov=False, no_prov or --no-prov away where the origin of results counts, and run again.
MATCH (e:Execution)
WHERE e.started >= $since
WITH e
MATCH (j:Job {execution_id: e.id})
WHERE j.prov_off = true AND ($as_of IS NULL OR j.finished <= $as_of)
RETURN DISTINCT j.task_name + ' in the run ' + left(e.id, 13) + ' called tasks that were not recorded' AS message,
       ['job:' + j.id, 'execution:' + e.id] AS nodes
