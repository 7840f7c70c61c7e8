// Tags and datasets that no change added, and files that no change found to belong to a dataset.
// Parameters: $limit (of each). Rows: label, key.
MATCH (t:Tag)
WHERE NOT EXISTS { (t)<-[:ADDED]-(:Change) }
RETURN 'Tag' AS label, t.id AS key LIMIT $limit
UNION ALL
MATCH (d:Dataset)
WHERE NOT EXISTS { (d)<-[:ADDED]-(:Change) }
RETURN 'Dataset' AS label, d.id AS key LIMIT $limit
UNION ALL
MATCH (d:Dataset)<-[p:PART_OF]-(f:File)
WHERE NOT EXISTS { MATCH (c:Change) WHERE c.id = p.change }
RETURN 'File' AS label, f.file_hash AS key LIMIT $limit
