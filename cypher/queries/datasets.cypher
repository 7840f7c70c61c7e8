// Every declaration of a dataset, current or not, oldest first.
// Parameters: none.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (d:Dataset)<-[:ADDED]-(c:Change)
WHERE $as_of IS NULL OR c.at <= $as_of
OPTIONAL MATCH (d)<-[:ENDED]-(e:Change)
WHERE $as_of IS NULL OR e.at <= $as_of
RETURN d.id AS id, d.name AS name, d.files AS files, d.origin AS origin, d.licence AS licence,
       d.collected_by AS collected_by, d.purpose AS purpose, d.lawful_basis AS lawful_basis,
       d.sensitivity AS sensitivity, c.at AS at, c.user AS user, e.at AS ended_at, e.user AS ended_by,
       c.project_root AS project_root, coalesce(d.declared_in, '') AS declared_in
ORDER BY at, name, id
