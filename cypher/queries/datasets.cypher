// Every declaration of a dataset, current or not, oldest first.
// Parameters: none.
MATCH (d:Dataset)<-[:ADDED]-(c:Change)
OPTIONAL MATCH (d)<-[:ENDED]-(e:Change)
RETURN d.id AS id, d.name AS name, d.files AS files, d.origin AS origin, d.licence AS licence,
       d.collected_by AS collected_by, d.purpose AS purpose, d.lawful_basis AS lawful_basis,
       d.sensitivity AS sensitivity, c.at AS at, c.user AS user, e.at AS ended_at, e.user AS ended_by,
       c.project_root AS project_root
ORDER BY at, name, id
