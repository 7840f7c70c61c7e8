// The next files in the order of their paths and hashes that may come from outside, whoever took them.
// Parameters: $path, $file (what the last one had), $most. One row with a list of rows: file, path.
MATCH (f:File)
WHERE f.path >= $path AND (f.path > $path OR f.file_hash > $file)
  AND NOT f.evidence IN ['class', 'function', 'task', 'folder', 'glob', 'folder-content', 'glob-content', 'missing']
WITH f ORDER BY f.path, f.file_hash LIMIT $most
RETURN collect([f.file_hash, f.path]) AS rows
