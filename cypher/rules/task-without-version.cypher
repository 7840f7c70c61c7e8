// title: Every task has a version
// severity: note
// why: A version is a promise that people can speak of; the hash of the code is none.
// fix: Write @task(version="1"), and a new version when the task means something else.
MATCH (e:Execution)
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
WITH e
MATCH (j:Job {execution_id: e.id})
WHERE $as_of IS NULL OR j.started <= $as_of
WITH DISTINCT j.task_hash AS task
MATCH (t:Task {task_hash: task})
WHERE NOT t.namespace STARTS WITH 'headwater' AND t.version IS NULL
RETURN t.fullname + ' has no version' AS message, ['task:' + t.task_hash] AS nodes
