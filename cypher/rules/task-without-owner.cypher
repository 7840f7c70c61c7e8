// title: Every task has an owner
// severity: note
// why: Somebody has to answer for what a task does.
// fix: Write @task(tags={"owner": "..."}), or type hw tag add task:NAME owner=...
MATCH (e:Execution)
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
WITH e
MATCH (j:Job {execution_id: e.id})
WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction') AND ($as_of IS NULL OR j.started <= $as_of)
WITH j.task_hash AS task, collect(j.id) AS jobs
WITH task, jobs, [t IN $tags WHERE t.key = 'owner' | t.id] AS owned
WHERE NOT task IN owned AND none(job IN jobs WHERE job IN owned)
MATCH (t:Task {task_hash: task})
WHERE NOT t.namespace STARTS WITH 'headwater'
RETURN t.fullname + ' has no owner' AS message, ['task:' + t.task_hash] AS nodes
