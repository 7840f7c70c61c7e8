// Every tag of one name that changes put on anything, current or not, oldest first; the columns of tags_of.
// Parameters: $name (null for any), $value (null for any).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (t:Tag)<-[:ADDED]-(c:Change)
WHERE ($as_of IS NULL OR c.at <= $as_of)
  AND ($name IS NULL OR t.key = $name) AND ($value IS NULL OR t.value = $value)
OPTIONAL MATCH (t)<-[:ENDED]-(e:Change)
WHERE $as_of IS NULL OR e.at <= $as_of
RETURN t.kind AS kind, t.target AS key, t.key AS name, t.value AS value, t.given AS given, t.id AS id, c.at AS at,
       c.user AS user, e.at AS ended_at, e.user AS ended_by
ORDER BY at, id
