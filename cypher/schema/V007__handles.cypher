// States of handles.
CREATE CONSTRAINT handle_key IF NOT EXISTS FOR (n:Handle) REQUIRE n.state IS UNIQUE;
CREATE INDEX handle_origin IF NOT EXISTS FOR (n:Handle) ON (n.origin);
