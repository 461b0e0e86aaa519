-- The whole demo database:  psql -X -q -v rows=1000000 -f sql/demo.sql
\set ON_ERROR_STOP on
\if :{?rows} \else \set rows 1000000 \endif
\ir demo-schema.sql
\ir demo-data.sql
\ir demo-indexes.sql
