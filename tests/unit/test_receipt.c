#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "export/receipt.h"

static struct sl_receipt receipt;

static void setup(void)
{
    receipt = (struct sl_receipt){
        .id = "0189f7a4-5b3c-4d2e-8f10-0123456789ab",
        .export = "orders",
        .owner = "token:secret-owner",
        .state = SL_RUN_RUNNING,
        .rows = 12,
        .bytes = 3456,
        .bytes_sent = 3000,
        .estimated_rows = 99,
        .peak_memory = 1048576,
        .snapshot_at = "2026-01-02T03:04:05.678Z",
        .started_at = "2026-01-02T03:04:05.600Z",
    };
}

/* The receipt as any JSON parser reads it; the caller decrefs. */
static json_t *parsed(void)
{
    struct sl_buf buf;
    json_error_t error;

    sl_buf_init(&buf, 4096);
    ck_assert_int_eq(sl_receipt_json(&receipt, &buf), 0);
    ck_assert_ptr_null(strstr(buf.data, "secret-owner"));
    json_t *json = json_loadb(buf.data, buf.len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(json != NULL, "%s: %s", error.text, buf.data);
    sl_buf_free(&buf);
    return json;
}

static const char *text(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);

    ck_assert_msg(json_is_string(value), "%s is no string", name);
    return json_string_value(value);
}

static long long number(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);

    ck_assert_msg(json_is_integer(value), "%s is no integer", name);
    return json_integer_value(value);
}

static void is_null(const json_t *json, const char *name)
{
    ck_assert_msg(json_is_null(json_object_get(json, name)), "%s is not null", name);
}

START_TEST(every_member_of_the_contract_is_there_and_no_other)
{
    static const char *const names[] = {
        "id",          "export",      "state",          "rows",        "bytes",
        "sha256",      "bytes_sent",  "estimated_rows", "snapshot_at", "started_at",
        "finished_at", "peak_memory", "error",
    };
    json_t *json = parsed();

    ck_assert_uint_eq(json_object_size(json), sizeof names / sizeof names[0]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_ptr_nonnull(json_object_get(json, names[i]));
    json_decref(json);
}
END_TEST

START_TEST(a_running_export_tells_what_is_known_and_null_for_what_is_not)
{
    json_t *json = parsed();

    ck_assert_str_eq(text(json, "id"), receipt.id);
    ck_assert_str_eq(text(json, "export"), "orders");
    ck_assert_str_eq(text(json, "state"), "running");
    ck_assert_int_eq(number(json, "rows"), 12);
    ck_assert_int_eq(number(json, "bytes"), 3456);
    ck_assert_int_eq(number(json, "bytes_sent"), 3000);
    ck_assert_int_eq(number(json, "estimated_rows"), 99);
    ck_assert_int_eq(number(json, "peak_memory"), 1048576);
    ck_assert_str_eq(text(json, "snapshot_at"), receipt.snapshot_at);
    ck_assert_str_eq(text(json, "started_at"), receipt.started_at);
    is_null(json, "sha256");
    is_null(json, "finished_at");
    is_null(json, "error");
    json_decref(json);

    receipt.estimated_rows = -1;
    receipt.snapshot_at[0] = receipt.started_at[0] = '\0';
    json = parsed();
    is_null(json, "estimated_rows");
    is_null(json, "snapshot_at");
    is_null(json, "started_at");
    json_decref(json);
}
END_TEST

START_TEST(an_estimate_of_no_rows_is_an_estimate)
{
    receipt.estimated_rows = 0;
    json_t *json = parsed();
    ck_assert_int_eq(number(json, "estimated_rows"), 0);
    json_decref(json);
}
END_TEST

START_TEST(a_complete_export_has_its_digest_and_its_end)
{
    receipt.state = SL_RUN_COMPLETE;
    strcpy(receipt.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    strcpy(receipt.finished_at, "2026-01-02T03:04:06.000Z");
    json_t *json = parsed();
    ck_assert_str_eq(text(json, "state"), "complete");
    ck_assert_str_eq(text(json, "sha256"), receipt.sha256);
    ck_assert_str_eq(text(json, "finished_at"), receipt.finished_at);
    is_null(json, "error");
    json_decref(json);
}
END_TEST

START_TEST(a_failed_export_says_why)
{
    receipt.state = SL_RUN_FAILED;
    receipt.kind = SL_SQL;
    strcpy(receipt.sqlstate, "22012");
    strcpy(receipt.detail, "the export's query failed");
    json_t *json = parsed();
    const json_t *error = json_object_get(json, "error");
    ck_assert_str_eq(text(json, "state"), "failed");
    ck_assert_uint_eq(json_object_size(error), 3);
    ck_assert_str_eq(text(error, "kind"), "sql");
    ck_assert_str_eq(text(error, "detail"), receipt.detail);
    ck_assert_str_eq(text(error, "sqlstate"), "22012");
    json_decref(json);

    receipt.state = SL_RUN_CANCELLED;
    receipt.kind = SL_CANCELLED;
    receipt.sqlstate[0] = '\0';
    json = parsed();
    ck_assert_str_eq(text(json, "state"), "cancelled");
    is_null(json_object_get(json, "error"), "sqlstate");
    json_decref(json);
}
END_TEST

START_TEST(each_state_has_the_name_of_the_contract)
{
    ck_assert_str_eq(sl_run_state_name(SL_RUN_QUEUED), "queued");
    ck_assert_str_eq(sl_run_state_name(SL_RUN_RUNNING), "running");
    ck_assert_str_eq(sl_run_state_name(SL_RUN_COMPLETE), "complete");
    ck_assert_str_eq(sl_run_state_name(SL_RUN_FAILED), "failed");
    ck_assert_str_eq(sl_run_state_name(SL_RUN_CANCELLED), "cancelled");
}
END_TEST

START_TEST(numbers_beyond_32_bits_and_hostile_text_are_kept)
{
    receipt.rows = 100000000000;
    receipt.bytes = INT64_MAX;
    receipt.kind = SL_INTERNAL;
    strcpy(receipt.detail, "quote \" backslash \\ newline \n tab \t \x01 \xC3\xA4");
    json_t *json = parsed();
    ck_assert_int_eq(number(json, "rows"), 100000000000);
    ck_assert_int_eq(number(json, "bytes"), INT64_MAX);
    ck_assert_str_eq(text(json_object_get(json, "error"), "detail"), receipt.detail);
    json_decref(json);

    memset(receipt.detail, 0xFF, sizeof receipt.detail - 1); /* no UTF-8 */
    json = parsed();
    ck_assert_uint_gt(strlen(text(json_object_get(json, "error"), "detail")), 0);
    json_decref(json);
}
END_TEST

START_TEST(the_operator_also_reads_who_it_was_and_from_where)
{
    struct sl_buf buf;
    json_error_t error;

    strcpy(receipt.peer, "192.0.2.1:4711");
    receipt.total_ms = 5000000000;
    receipt.held_ms = 0;
    sl_buf_init(&buf, 4096);
    ck_assert_int_eq(sl_receipt_json_full(&receipt, &buf), 0);
    json_t *json = json_loadb(buf.data, buf.len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(json != NULL, "%s: %s", error.text, buf.data);
    sl_buf_free(&buf);
    ck_assert_str_eq(text(json, "who"), "token:secret-owner");
    ck_assert_str_eq(text(json, "peer"), "192.0.2.1:4711");
    ck_assert_int_eq(number(json, "elapsed_ms"), 5000000000);
    ck_assert_int_eq(number(json, "snapshot_held_ms"), 0);
    json_t *plain = parsed();
    ck_assert_ptr_null(json_object_get(plain, "who"));
    ck_assert_ptr_null(json_object_get(plain, "peer"));
    ck_assert_uint_eq(json_object_size(json), json_object_size(plain) + 4);
    json_object_update(plain, json);
    ck_assert(json_equal(plain, json));
    json_decref(plain);
    json_decref(json);
}
END_TEST

START_TEST(a_run_that_holds_no_snapshot_says_so)
{
    struct sl_buf buf;
    json_error_t error;

    receipt.held_ms = -1;
    sl_buf_init(&buf, 4096);
    ck_assert_int_eq(sl_receipt_json_full(&receipt, &buf), 0);
    json_t *json = json_loadb(buf.data, buf.len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(json != NULL, "%s: %s", error.text, buf.data);
    sl_buf_free(&buf);
    is_null(json, "snapshot_held_ms");
    json_decref(json);
}
END_TEST

START_TEST(a_buffer_that_is_too_small_is_an_error_at_every_size)
{
    struct sl_buf buf;

    receipt.kind = SL_SQL;
    sl_buf_init(&buf, 4096);
    ck_assert_int_eq(sl_receipt_json(&receipt, &buf), 0);
    size_t needed = buf.len;
    sl_buf_free(&buf);
    for (size_t max = 0; max < needed; max++) {
        sl_buf_init(&buf, max);
        ck_assert_int_eq(sl_receipt_json(&receipt, &buf), -1);
        sl_buf_free(&buf);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receipt");
    TCase *tc = tcase_create("receipt");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, every_member_of_the_contract_is_there_and_no_other);
    tcase_add_test(tc, a_running_export_tells_what_is_known_and_null_for_what_is_not);
    tcase_add_test(tc, an_estimate_of_no_rows_is_an_estimate);
    tcase_add_test(tc, a_complete_export_has_its_digest_and_its_end);
    tcase_add_test(tc, a_failed_export_says_why);
    tcase_add_test(tc, each_state_has_the_name_of_the_contract);
    tcase_add_test(tc, numbers_beyond_32_bits_and_hostile_text_are_kept);
    tcase_add_test(tc, the_operator_also_reads_who_it_was_and_from_where);
    tcase_add_test(tc, a_run_that_holds_no_snapshot_says_so);
    tcase_add_test(tc, a_buffer_that_is_too_small_is_an_error_at_every_size);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
