// Edges that headwater does not write: of another type, between other nodes, or with other properties.
// Parameters: $kinds ("Label TYPE Label"), $properties ("TYPE name"), $limit.
MATCH (a)-[r]->(b)
WITH a, r, b, coalesce(head(labels(a)), '') + ' ' + type(r) + ' ' + coalesce(head(labels(b)), '') AS kind,
     [name IN keys(r) WHERE NOT (type(r) + ' ' + name) IN $properties] AS extra
WHERE NOT kind IN $kinds OR size(extra) > 0
RETURN elementId(r) AS edge, type(r) AS type, labels(a) AS start, labels(b) AS end,
       CASE WHEN kind IN $kinds THEN extra ELSE [] END AS extra
LIMIT $limit
