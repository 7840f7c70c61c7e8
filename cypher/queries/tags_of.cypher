// Every tag that a change put on some things, current or not, oldest first.
// Parameters: $keys (of what they are on).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (t:Tag {target: key})<-[:ADDED]-(c:Change)
WHERE $as_of IS NULL OR c.at <= $as_of
OPTIONAL MATCH (t)<-[:ENDED]-(e:Change)
WHERE $as_of IS NULL OR e.at <= $as_of
RETURN t.kind AS kind, key, t.key AS name, t.value AS value, t.given AS given, t.id AS id, c.at AS at, c.user AS user,
       e.at AS ended_at, e.user AS ended_by
ORDER BY at, id
