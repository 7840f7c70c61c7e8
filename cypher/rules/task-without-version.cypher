// title: Every task has a version
// severity: note
// why: A version is a promise that people can speak of; the hash of the code is none.
// fix: Write @task(version="1"), and a new version when the task means something else.
MATCH (t:Task)
WHERE NOT t.namespace STARTS WITH 'headwater' AND t.version IS NULL
  AND EXISTS { MATCH (j:Job {task_name: t.fullname})
               WHERE j.task_hash = t.task_hash AND j.started >= $since AND ($as_of IS NULL OR j.started <= $as_of) }
RETURN t.fullname + ' has no version' AS message, ['task:' + t.task_hash] AS nodes
