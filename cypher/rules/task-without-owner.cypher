// title: Every task has an owner
// severity: note
// why: Somebody has to answer for what a task does.
// fix: Write @task(tags={"owner": "..."}), or type hw tag add task:NAME owner=...
WITH [t IN $tags WHERE t.key = 'owner' | t.id] AS owned
MATCH (t:Task)
WHERE NOT t.namespace STARTS WITH 'headwater'
WITH t, owned
MATCH (j:Job {task_name: t.fullname})
WHERE j.task_hash = t.task_hash AND j.status <> 'CACHED' AND j.started >= $since AND ($as_of IS NULL OR j.started <= $as_of)
WITH t, owned, collect(j.id) AS jobs
WHERE NOT t.task_hash IN owned AND none(job IN jobs WHERE job IN owned)
RETURN t.fullname + ' has no owner' AS message, ['task:' + t.task_hash] AS nodes
