// The runs that the graph has, each with its project's folder (where an earlier headwater wrote no root, the directory
// was it).
MATCH (e:Execution)
RETURN e.id AS id, coalesce(e.project_root, e.directory) AS root
