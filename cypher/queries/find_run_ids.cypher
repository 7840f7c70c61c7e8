// The ids of the executions that are as somebody wants them, newest first. One row with the list of them.
// Parameters: $statuses, $user (the name that was said, or the account), $host, $commit (its beginning), each null for any; $since and $until
//   (microseconds since the epoch: begun in between); $upto (an id that sorts after those wanted, or is the last of them).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution)
WHERE e.id <= $upto
  AND ($as_of IS NULL OR e.started <= $as_of)
  AND ($statuses IS NULL OR CASE WHEN e.finished > $as_of THEN 'RUNNING' ELSE e.status END IN $statuses)
  AND ($user IS NULL OR e.user = $user OR e.user STARTS WITH $user + ' (' OR e.user ENDS WITH ' (' + $user + ')')
  AND ($host IS NULL OR e.host = $host)
  AND ($commit IS NULL OR e.git_commit STARTS WITH $commit)
  AND e.started >= datetime({epochSeconds: $since / 1000000, nanosecond: ($since % 1000000) * 1000})
  AND e.started < datetime({epochSeconds: $until / 1000000, nanosecond: ($until % 1000000) * 1000})
WITH e.id AS id ORDER BY id DESC
RETURN collect(id) AS ids
