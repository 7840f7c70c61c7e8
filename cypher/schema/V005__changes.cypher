// What people change beside the runs: tags and datasets.
CREATE CONSTRAINT change_key IF NOT EXISTS FOR (n:Change) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT tag_key IF NOT EXISTS FOR (n:Tag) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT dataset_key IF NOT EXISTS FOR (n:Dataset) REQUIRE n.id IS UNIQUE;
CREATE INDEX tag_target IF NOT EXISTS FOR (n:Tag) ON (n.target);
CREATE INDEX tag_name IF NOT EXISTS FOR (n:Tag) ON (n.key);
CREATE INDEX dataset_name IF NOT EXISTS FOR (n:Dataset) ON (n.name);
