#!/usr/bin/python3
"""The header line: names, labels or nothing; and where a label comes from."""

from harness import *

TABLES = """
DROP TABLE IF EXISTS it_labelled CASCADE;
CREATE TABLE it_labelled (id int, placed_at date, total numeric, note text);
COMMENT ON COLUMN it_labelled.placed_at IS 'Placed at, by the customer''s "clock"';
COMMENT ON COLUMN it_labelled.total IS E'Summe\\nin €';
COMMENT ON TABLE it_labelled IS 'not a label';
INSERT INTO it_labelled VALUES (1, '2026-01-01', 9.5, 'x');
CREATE VIEW it_view AS SELECT id, placed_at, total FROM it_labelled;
COMMENT ON COLUMN it_view.id IS 'Number of the view';
"""
ROW = b"1,2026-01-01,9.5,x\n"
ALL = "SELECT * FROM it_labelled"


def setup():
    sql(TABLES)


def header_of(query, url="_header=labels", head=""):
    """The bytes without the row."""
    with Server({"e": head + "\n" + query if head else query}) as s:
        r = s.get("/exports/e.csv?" + url)
        equal(r.status, 200, repr(r))
        return r.body


@test
def the_header_is_the_names_unless_labels_are_asked_for():
    with Server({"e": "-- headers: id=Order,note=A note\n\n" + ALL}) as s:
        for url in ("", "?_header=names", "?_header="):
            r = s.get("/exports/e.csv" + url)
            equal(r.body, b"id,placed_at,total,note\n" + ROW, url)
            equal(r["Content-Type"], "text/csv; charset=utf-8; header=present")


@test
def off_leaves_the_line_out():
    with Server({"e": "-- headers: id=Order\n\n" + ALL}) as s:
        r = s.get("/exports/e.csv?_header=off")
        equal(r.body, ROW)
        equal(r["Content-Type"], "text/csv; charset=utf-8; header=absent")


@test
def a_label_is_the_files_else_the_comment_else_the_name():
    with Server({"e": "-- headers: id=Order,placed_at=Day\n\n" + ALL}) as s:
        r = s.get("/exports/e.csv?_header=labels")
        equal(r.body, 'Order,Day,"Summe\nin €",note\n'.encode() + ROW)
        equal(r["Content-Type"], "text/csv; charset=utf-8; header=present")
        head = s.request("HEAD", "/exports/e.csv?_header=labels")
        equal((head.status, head["Content-Type"]), (200, "text/csv; charset=utf-8; header=present"))


@test
def comments_alone_are_labels():
    equal(header_of(ALL), 'id,"Placed at, by the customer\'s ""clock""","Summe\nin €",note\n'.encode() + ROW)


@test
def a_view_has_comments_of_its_own():
    equal(header_of("SELECT * FROM it_view"), b"Number of the view,placed_at,total\n1,2026-01-01,9.5\n")


@test
def a_subquery_passes_comments_on_and_an_expression_has_none():
    equal(header_of("SELECT q.id, q.placed_at AS day, q.placed_at + 1 AS next, count(*) OVER () AS n FROM (SELECT * FROM it_labelled) AS q"),
          b'id,"Placed at, by the customer\'s ""clock""",next,n\n1,2026-01-01,2026-01-02,1\n')


@test
def columns_of_one_name_share_a_label_and_odd_names_have_one():
    head = '-- headers: x=Both, "a,b=With ""quotes""", Größe = Size in cm \n'
    equal(header_of('SELECT 1 AS x, 2 AS x, 3 AS "a,b", 4 AS "Größe", 5 AS "x=y", 6 AS "X", 7 AS "  "', head=head),
          b'Both,Both,"With ""quotes""",Size in cm,x=y,X,  \n1,2,3,4,5,6,7\n')


@test
def a_query_without_columns_has_an_empty_line():
    equal(header_of("SELECT FROM it_labelled"), b"\n\n")


@test
def many_columns_take_their_labels():
    sql("DROP TABLE IF EXISTS it_wide; CREATE TABLE it_wide (%s)" % ", ".join("c%d int" % i for i in range(1200)))
    sql("".join("COMMENT ON COLUMN it_wide.c%d IS 'Label %d';" % (i, i) for i in range(0, 1200, 2)))
    equal(header_of("SELECT * FROM it_wide"),
          ",".join("Label %d" % i if i % 2 == 0 else "c%d" % i for i in range(1200)).encode() + b"\n")


@test
def a_comment_is_cut_at_a_thousand_characters():
    sql("DROP TABLE IF EXISTS it_long; CREATE TABLE it_long (a int, b int); COMMENT ON COLUMN it_long.a IS '%s'" % ("é" * 3000))
    equal(header_of("SELECT * FROM it_long"), ("é" * 1000 + ",b\n").encode())


@test
def labels_change_no_row():
    query = "SELECT i, repeat('x', i % 50) AS t FROM generate_series(1, 50000) AS i"
    with Server({"e": "-- headers: i=I,t=T\n\n" + query, "plain": query}) as s:
        for name, head in (("e", b"I,T"), ("plain", b"i,t")):
            r = s.get("/exports/%s.csv?_header=labels" % name)
            equal(r.body, head + copy(query)[3:], name)
            equal(s.get("/runs/" + r.run_id).json()["rows"], 50000)


@test
def a_search_path_with_a_trap_changes_nothing():
    sql("""DROP SCHEMA IF EXISTS it_trap CASCADE; CREATE SCHEMA it_trap;
           CREATE FUNCTION it_trap.col_description(oid, int) RETURNS text LANGUAGE sql AS 'SELECT ''trapped''';
           CREATE TABLE it_trap.pg_description AS SELECT 1 AS x""")
    equal(header_of("SELECT placed_at FROM public.it_labelled", head="-- search_path: it_trap, pg_catalog\n"),
          b'"Placed at, by the customer\'s ""clock"""\n2026-01-01\n')


@test
def an_error_comes_early_with_labels_too():
    with Server({"bad": "SELECT 1 / 0 AS a", "none": "SELECT a FROM no_such_table", "good": ALL}) as s:
        equal(s.get("/exports/bad.csv?_header=labels").status, 500)
        equal(s.get("/exports/none.csv?_header=labels").status, 500)
        for _ in range(3):
            equal(s.get("/exports/good.csv?_header=labels").status, 200, "the connection is fit for the next run")


@test
def the_command_line_prints_labels():
    done = run("run", "e", "_header=labels", exports={"e": "-- headers: a=Label\n\nSELECT 1 AS a"})
    equal((done.code, done.out), (0, b"Label\n1\n"))


@test
def another_value_is_refused_by_name():
    with Server({"e": "SELECT 1 AS a"}) as s:
        p = problem(s.get("/exports/e.csv?_header=Labels"), 400, "bad_parameter", parameter="_header")
        contains(p["detail"], "names, labels or off")


@test
def a_label_of_no_column_is_told_by_check_and_in_the_log():
    stray = "-- title: x\n-- headers: a=A,nope=B\n\nSELECT 1 AS a"
    done = run("check", exports={"stray": stray, "good": "-- headers: a=A\n\nSELECT 1 AS a"})
    equal(done.code, 78, repr(done))
    contains(done.err, "exports.d/stray.sql:2: ")
    contains(done.err, "nope")
    contains(done.out.decode(), "ok good")
    with Server({"stray": stray}) as s:
        equal(s.get("/exports/stray.csv?_header=labels").body, b"A\n1\n")
        contains(s.wait_log("label without a column"), "nope")


main(setup=setup)
