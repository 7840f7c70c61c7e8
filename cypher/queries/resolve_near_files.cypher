// The paths of recorded files, those that end with a name first.
// Parameters: $name, $limit.
MATCH (f:File)
WITH DISTINCT f.path AS path
RETURN path
ORDER BY CASE WHEN path ENDS WITH $name THEN 0 ELSE 1 END, path LIMIT $limit
