// title: Every run ran code that is committed
// severity: warning
// why: What is in no repository cannot be read again later, and two people cannot mean the same by it.
// fix: Commit what was changed, and run again: what had no part in it is not run anew.
MATCH (e:Execution)
WHERE e.git_commit IS NULL OR e.git_dirty = true
WITH e
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
RETURN CASE WHEN e.git_commit IS NULL THEN 'the run ' + left(e.id, 13) + ' ran code of no commit'
       ELSE 'the run ' + left(e.id, 13) + ' ran code that differs from commit ' + left(e.git_commit, 8) END AS message,
       ['execution:' + e.id] AS nodes
