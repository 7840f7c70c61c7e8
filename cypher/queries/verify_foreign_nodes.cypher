// Nodes that headwater does not write: of another label or of several, or without a key (hashes are below 'g').
// Parameters: $limit. Rows: node (for people), labels.
MATCH (n)
WHERE size(labels(n)) <> 1 OR NOT coalesce(
  CASE head(labels(n))
    WHEN 'Execution' THEN left(toString(n.id), 0)
    WHEN 'Job' THEN left(toString(n.id), 0)
    WHEN 'Seal' THEN left(toString(n.id), 0)
    WHEN 'SchemaVersion' THEN left(toString(n.version), 0)
    WHEN 'Change' THEN left(toString(n.id), 0)
    WHEN 'Tag' THEN n.id
    WHEN 'Dataset' THEN n.id
    WHEN 'Task' THEN n.task_hash
    WHEN 'Code' THEN n.code_hash
    WHEN 'CallNode' THEN n.call_hash
    WHEN 'Evaluation' THEN n.eval_hash
    WHEN 'Value' THEN n.value_hash
    WHEN 'File' THEN n.file_hash
    WHEN 'Handle' THEN n.state
  END < 'g', false)
RETURN elementId(n) AS node, labels(n) AS labels LIMIT $limit
