// The recorded contents of files whose path is like a pattern.
// Parameters: $prefix (what the path begins with), $regex (the whole path), $files (hashes; null for any), $after_path and
//   $after_file (the place of the last one that is known already), $limit.
// In the order of the index of paths, so that it ends with the page: all properties that it sorts by are the node's own.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (f:File)
WHERE f.path STARTS WITH $prefix AND f.path =~ $regex AND ($files IS NULL OR f.file_hash IN $files)
  AND f.path >= $after_path AND (f.path <> $after_path OR f.file_hash > $after_file)
  AND ($as_of IS NULL OR EXISTS { MATCH (f)<-[:REFERS_TO]-(:Value)<-[:TOOK|RETURNED]-(:CallNode)<-[:MADE]-(m:Job)
    WHERE coalesce(m.finished, m.started) <= $as_of })
WITH f ORDER BY f.path, f.file_hash LIMIT $limit
RETURN f.file_hash AS file, f.path AS path, f.evidence AS evidence, f.digest AS digest, f.size AS size
ORDER BY path, file
