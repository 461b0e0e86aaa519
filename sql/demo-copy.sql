-- What PostgreSQL itself prints for a query, under the settings that pgsluice
-- gives to an export's session: the bytes that a download must have.
--
--   psql -X -q -v query='SELECT …' -f demo-copy.sql

\set ON_ERROR_STOP on
SET client_encoding = 'UTF8';
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO, MDY';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = 'hex';
SET LOCAL xmloption = 'content';
SET LOCAL lc_monetary = 'C';
SET LOCAL synchronize_seqscans = off;
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0;
COPY (:query) TO STDOUT (FORMAT csv, HEADER);
COMMIT;
