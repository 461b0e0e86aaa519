#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "access/ticket.h"
#include "base/buf.h"

static char roles[] = "reader, other";
static char settings[] = "pgsluice.*";
static struct sl_config config = {
    .access = {.grant_roles = roles, .row_settings = settings},
    .limits = {.max_rows = 1000, .max_bytes = 0, .max_duration = 60000},
};
static struct sl_error err;
static struct sl_ticket *ticket;

static void teardown(void)
{
    sl_ticket_free(ticket);
    ticket = NULL;
}

static int parse(const char *json)
{
    sl_ticket_free(ticket);
    return sl_ticket_parse(&config, "reader", json, strlen(json), &ticket, &err);
}

/* A ticket for SELECT 1 with these members, written with single quotes. */
static int with(const char *members)
{
    char json[1024];

    snprintf(json, sizeof(json), "{'sql': 'SELECT 1 AS a;'%s%s}", members[0] != '\0' ? ", " : "",
             members);
    for (char *c = json; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    return parse(json);
}

static void refuses(const char *members, enum sl_kind kind)
{
    ck_assert_msg(with(members) == -1, "%s: accepted", members);
    ck_assert_msg(err.kind == kind, "%s: %s", members, err.message);
    ck_assert_ptr_null(ticket);
}

static int query_of(const char *url_run, struct sl_query *query)
{
    struct sl_arg arg = {"_run", url_run};
    const struct sl_args args = {&arg, url_run != NULL};

    return sl_ticket_query(ticket, &args, query, &err);
}

START_TEST(sql_alone_is_a_ticket)
{
    struct sl_query query;

    ck_assert_int_eq(with(""), 0);
    ck_assert_int_eq(ticket->expires_in, SL_TICKET_SECONDS);
    ck_assert_int_eq(query_of(NULL, &query), 0);
    ck_assert_str_eq(query.export->sql, "SELECT 1 AS a");
    ck_assert_ptr_eq(query.export, query.own);
    ck_assert_str_eq(query.export->name, "ticket");
    ck_assert_str_eq(query.export->role, "");
    ck_assert_uint_eq(query.n_values, 0);
    ck_assert_uint_eq(query.n_labels, 0);
    ck_assert_str_eq(query.filename, "");
    ck_assert_str_eq(query.run_id, "");
    ck_assert_int_eq(query.export->max_rows, 0);
    sl_query_fini(&query);
}
END_TEST

START_TEST(every_member_arrives)
{
    struct sl_query query;

    ck_assert_msg(
        with("'labels': ['A', ''], 'format': 'csv', 'options': {'_timezone': 'Asia/Tokyo'}, "
             "'filename': 'x.csv', 'role': 'reader', 'settings': {'pgsluice.u': '7'}, "
             "'limits': {'max_rows': 10, 'max_bytes': '1kB', 'max_duration': 30}, "
             "'run': 'F47AC10B-58CC-4372-A567-0E02B2C3D479', 'expires_in': 300") == 0,
        "%s", err.message);
    ck_assert_int_eq(ticket->expires_in, 300);
    ck_assert_str_eq(ticket->role, "reader");
    ck_assert_uint_eq(ticket->n_settings, 1);
    ck_assert_str_eq(ticket->settings[0].name, "pgsluice.u");
    ck_assert_str_eq(ticket->settings[0].value, "7");
    ck_assert_int_eq(query_of(NULL, &query), 0);
    ck_assert_uint_eq(query.n_labels, 2);
    ck_assert_str_eq(query.labels[0], "A");
    ck_assert_str_eq(query.labels[1], "");
    ck_assert_str_eq(query.timezone, "Asia/Tokyo");
    ck_assert_str_eq(query.filename, "x.csv");
    ck_assert_str_eq(query.run_id, "f47ac10b-58cc-4372-a567-0e02b2c3d479");
    ck_assert_int_eq(query.export->max_rows, 10);
    ck_assert_int_eq(query.export->max_bytes, 1024);
    ck_assert_int_eq(query.export->max_duration, 30000);
    sl_query_fini(&query);
}
END_TEST

START_TEST(null_is_left_out)
{
    ck_assert_msg(
        with("'labels': null, 'format': null, 'options': {'_header': null}, 'filename': null, "
             "'role': null, 'settings': null, 'limits': {'max_rows': null}, 'run': null, "
             "'expires_in': null") == 0,
        "%s", err.message);
    ck_assert_int_eq(parse("{\"sql\": null}"), -1);
    ck_assert_int_eq(parse("{}"), -1);
}
END_TEST

START_TEST(members_of_the_wrong_type_are_refused)
{
    static const char *const bad[] = {
        "'labels': 'x'",
        "'labels': {}",
        "'labels': [1]",
        "'labels': [null]",
        "'format': 'xml'",
        "'format': 1",
        "'options': []",
        "'options': {'header': 'off'}",
        "'options': {'_run': 'x'}",
        "'options': {'_header': 1}",
        "'options': {'_nothing': 'x'}",
        "'filename': 1",
        "'role': 1",
        "'settings': []",
        "'settings': {'pgsluice.x': 1}",
        "'settings': {'pgsluice.x': null}",
        "'run': 1",
        "'limits': []",
        "'limits': {'max_row': 1}",
        "'limits': {'max_rows': 0}",
        "'limits': {'max_rows': -5}",
        "'limits': {'max_rows': '10'}",
        "'limits': {'max_rows': 1.5}",
        "'limits': {'max_bytes': 'lots'}",
        "'limits': {'max_bytes': 4611686018427387904}",
        "'limits': {'max_duration': 9223372036854775807}",
        "'expires_in': 0",
        "'expires_in': 301",
        "'expires_in': '60'",
        "'expires_in': 1.5",
        "'x': 1",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuses(bad[i], SL_BAD_REQUEST);
    refuses("'options': {'_header': 'x'}", SL_BAD_PARAMETER);
    refuses("'filename': '../x'", SL_BAD_PARAMETER);
    refuses("'run': 'x'", SL_BAD_PARAMETER);
}
END_TEST

START_TEST(limits_only_tighten)
{
    ck_assert_int_eq(with("'limits': {'max_rows': 5000, 'max_bytes': '1TB', 'max_duration': '1h'}"),
                     0);
    ck_assert_int_eq(ticket->max_rows, 1000);
    ck_assert_int_eq(ticket->max_bytes, (int64_t)1 << 40);
    ck_assert_int_eq(ticket->max_duration, 60000);
    ck_assert_int_eq(with("'limits': {'max_rows': 999, 'max_duration': '59s'}"), 0);
    ck_assert_int_eq(ticket->max_rows, 999);
    ck_assert_int_eq(ticket->max_duration, 59000);
}
END_TEST

START_TEST(a_role_is_the_login_and_allowed)
{
    ck_assert_int_eq(with("'role': 'reader'"), 0);
    refuses("'role': 'other'", SL_FORBIDDEN);
    ck_assert_ptr_nonnull(strstr(err.message, "login"));
    refuses("'role': 'postgres'", SL_FORBIDDEN);
    refuses("'settings': {'role': 'x'}", SL_FORBIDDEN);
    refuses("'settings': {'other.x': 'x'}", SL_FORBIDDEN);
    /* A login that nobody could tell is asked of the server, when it runs. */
    teardown();
    static const char json[] = "{\"sql\": \"SELECT 1\", \"role\": \"other\"}";
    ck_assert_int_eq(sl_ticket_parse(&config, "", json, strlen(json), &ticket, &err), 0);
}
END_TEST

START_TEST(sql_that_is_no_query_is_refused_unquoted)
{
    static const char *const bad[] = {
        "DELETE FROM hush", "SELECT 1; SELECT 'hush'", "SELECT 'hush", "SELECT $1 AS hush", "hush",
        "-- hush"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char json[100];
        snprintf(json, sizeof(json), "{\"sql\": \"%s\"}", bad[i]);
        ck_assert_int_eq(parse(json), -1);
        ck_assert_int_eq(err.kind, SL_BAD_QUERY);
        ck_assert_ptr_null(strstr(err.message, "hush"));
    }
}
END_TEST

START_TEST(the_url_adds_the_run_and_nothing_else)
{
    static const char id[] = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
    struct sl_arg two[] = {{"_run", id}, {"_run", id}};
    struct sl_arg other = {"_header", "off"};
    struct sl_query query;

    ck_assert_int_eq(with(""), 0);
    ck_assert_int_eq(query_of(id, &query), 0);
    ck_assert_str_eq(query.run_id, id);
    sl_query_fini(&query);
    ck_assert_int_eq(sl_ticket_query(ticket, &(struct sl_args){two, 2}, &query, &err), -1);
    sl_query_fini(&query);
    ck_assert_int_eq(sl_ticket_query(ticket, &(struct sl_args){&other, 1}, &query, &err), -1);
    ck_assert_int_eq(err.kind, SL_BAD_REQUEST);
    sl_query_fini(&query);
    ck_assert_int_eq(with("'run': 'f47ac10b-58cc-4372-a567-0e02b2c3d479'"), 0);
    ck_assert_int_eq(query_of(id, &query), -1);
    sl_query_fini(&query);
}
END_TEST

START_TEST(a_ticket_makes_as_many_queries_as_are_asked_of_it)
{
    ck_assert_int_eq(with("'labels': ['A']"), 0);
    for (int i = 0; i < 3; i++) {
        struct sl_query query;
        ck_assert_int_eq(query_of(NULL, &query), 0);
        ck_assert_str_eq(query.labels[0], "A");
        ck_assert_str_eq(query.export->sql, "SELECT 1 AS a");
        sl_query_fini(&query);
    }
}
END_TEST

/* Tickets of the same length: what differs is how many values jansson holds. */
START_TEST(the_memory_of_a_ticket_counts_its_values)
{
    char many[600] = "\"labels\": [\"\"";
    char json[1024];
    size_t memory[2];

    for (int i = 1; i < 100; i++)
        strcat(many, ",\"\"");
    strcat(many, "]");
    for (int i = 0; i < 2; i++) {
        snprintf(json, sizeof(json), "{\"sql\": \"SELECT 1\", %*s}", (int)strlen(many),
                 i == 0 ? "\"labels\": []" : many);
        ck_assert_msg(parse(json) == 0, "%s", err.message);
        memory[i] = ticket->memory;
    }
    ck_assert_uint_ge(memory[0], sizeof(*ticket) + strlen(json));
    ck_assert_uint_eq(memory[1] - memory[0], (size_t)100 * SL_TICKET_NODE);
    ck_assert_int_eq(with("'settings': {}, 'options': {}"), 0);
    memory[0] = ticket->memory;
    ck_assert_int_eq(
        with("'settings': {'pgsluice.a': '', 'pgsluice.b': ''}, 'options': {'_header': ''}"), 0);
    ck_assert_uint_ge(ticket->memory, memory[0] + (size_t)3 * SL_TICKET_NODE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ticket");
    TCase *tc = tcase_create("ticket");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tc, sql_alone_is_a_ticket);
    tcase_add_test(tc, every_member_arrives);
    tcase_add_test(tc, null_is_left_out);
    tcase_add_test(tc, members_of_the_wrong_type_are_refused);
    tcase_add_test(tc, limits_only_tighten);
    tcase_add_test(tc, a_role_is_the_login_and_allowed);
    tcase_add_test(tc, sql_that_is_no_query_is_refused_unquoted);
    tcase_add_test(tc, the_url_adds_the_run_and_nothing_else);
    tcase_add_test(tc, a_ticket_makes_as_many_queries_as_are_asked_of_it);
    tcase_add_test(tc, the_memory_of_a_ticket_counts_its_values);
    tcase_add_checked_fixture(tc, NULL, teardown);
    suite_add_tcase(suite, tc);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
