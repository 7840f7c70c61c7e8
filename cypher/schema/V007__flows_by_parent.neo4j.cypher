// What flowed inside one call, where a call that many others share is among its children.
CREATE INDEX fed_by_within IF NOT EXISTS FOR ()-[f:FED_BY]-() ON (f.within);
