#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "http/status.h"

#define HOSTILE "<b>\"'&"
#define ESCAPED "&#60;b&#62;&#34;&#39;&#38;"

static struct sl_receipt receipts[2];
static struct sl_status status;
static struct sl_buf page;

static void setup(void)
{
    memset(receipts, 0, sizeof receipts);
    for (int i = 0; i < 2; i++) {
        strcpy(receipts[i].id, i == 0 ? "under-way" : "ended");
        strcpy(receipts[i].export, "orders");
        strcpy(receipts[i].owner, "anonymous");
        receipts[i].estimated_rows = -1;
        receipts[i].held_ms = -1;
    }
    receipts[0].state = SL_RUN_RUNNING;
    receipts[1].state = SL_RUN_COMPLETE;
    strcpy(receipts[1].finished_at, "2026-01-02T03:04:05.678Z");
    status = (struct sl_status){
        .now = "2026-01-02T13:14:15.678Z",
        .started_at = "2026-01-01T00:00:00.000Z",
        .service =
            {.slots = 8, .slots_held = 3, .waiting = 2, .in_transaction = 1, .held_ms = 61000},
        .queue_length = 64,
        .resident = 12 << 20,
        .limit = 100 << 20,
        .runs = {receipts, 1, receipts + 1, 1, 1},
    };
    sl_buf_init(&page, 1 << 20);
}

static void teardown(void)
{
    sl_buf_free(&page);
}

static const char *made(const struct sl_status *shown)
{
    page.len = 0;
    ck_assert_int_eq(sl_status_page(shown, &page), 0);
    return page.data;
}

#define HAS(text) ck_assert_msg(strstr(made(&status), (text)) != NULL, "%s", page.data)
#define LACKS(text) ck_assert_msg(strstr(made(&status), (text)) == NULL, "%s", page.data)

START_TEST(names_peers_and_errors_are_escaped_wherever_they_stand)
{
    for (int i = 0; i < 2; i++) {
        strcpy(receipts[i].id, HOSTILE);
        strcpy(receipts[i].export, HOSTILE);
        strcpy(receipts[i].owner, HOSTILE);
        strcpy(receipts[i].peer, HOSTILE);
        strcpy(receipts[i].finished_at, HOSTILE);
        receipts[i].kind = SL_SQL;
        strcpy(receipts[i].detail, HOSTILE);
    }
    HAS("data-id=\"" ESCAPED "\"");
    HAS(">" ESCAPED "<");
    HAS("sql: " ESCAPED);
    LACKS("<b>");
}
END_TEST

START_TEST(progress_is_told_against_the_estimate_unless_that_is_passed)
{
    receipts[0].rows = 1500000;
    HAS("<p data-is=\"progress\">1,500,000 rows</p>");
    receipts[0].estimated_rows = 2000000;
    HAS("<p data-is=\"progress\">1,500,000 of about 2,000,000 rows, 75 %</p>");
    HAS("value=\"1500000\" max=\"2000000\"");
    receipts[0].estimated_rows = 1000000;
    HAS("<p data-is=\"progress\">1,500,000 rows</p>");
    HAS("value=\"0\" max=\"1\"");
    receipts[0].rows = receipts[0].estimated_rows = 0;
    HAS("<p data-is=\"progress\">0 rows</p>");
    receipts[0].state = SL_RUN_QUEUED;
    HAS("<p data-is=\"progress\">Waits for a slot</p>");
}
END_TEST

START_TEST(a_rate_is_over_the_time_since_the_request)
{
    receipts[0].rows = 9000;
    receipts[0].bytes = 3 << 20;
    HAS("<dd data-is=\"rate\">\xE2\x80\x93</dd>");
    receipts[0].total_ms = 3000;
    HAS("<dd data-is=\"rate\">3,000 rows/s, 1.0 MB/s</dd>");
    receipts[0].state = SL_RUN_QUEUED;
    HAS("<dd data-is=\"rate\">\xE2\x80\x93</dd>");
}
END_TEST

START_TEST(a_snapshot_has_an_age_while_it_is_held)
{
    HAS("<dd data-is=\"held\">\xE2\x80\x93</dd>");
    receipts[0].held_ms = 3723000;
    HAS("<dd data-is=\"held\">1:02:03</dd>");
    HAS("<dd data-is=\"oldest\">1:01</dd>");
    status.service.in_transaction = 0;
    HAS("<dd data-is=\"oldest\">\xE2\x80\x93</dd>");
}
END_TEST

START_TEST(the_figures_are_told)
{
    HAS("started 2026-01-01 00:00:00, as of 2026-01-02 13:14:15 UTC");
    HAS(">3 of 8<");
    HAS(">2<");
    HAS("of at most 64");
    HAS(">12.0 MB<");
    HAS("12 % of the limit, 100 MB");
    HAS("<span data-is=\"clock\">03:04:05</span><small data-is=\"day\">2026-01-02</small>");
}
END_TEST

START_TEST(without_a_status_nothing_is_told)
{
    const char *text = made(NULL);

    ck_assert_ptr_nonnull(strstr(text, "<div id=\"live\" hidden>"));
    ck_assert_ptr_null(strstr(text, "orders"));
    ck_assert_ptr_null(strstr(text, "2026"));
}
END_TEST

START_TEST(a_buffer_that_is_too_small_is_an_error_at_every_size)
{
    made(&status);
    size_t needed = page.len;
    for (size_t max = 0; max < needed; max++) {
        struct sl_buf small;

        sl_buf_init(&small, max);
        ck_assert_int_eq(sl_status_page(&status, &small), -1);
        sl_buf_free(&small);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("status_page");
    TCase *tc = tcase_create("status_page");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, names_peers_and_errors_are_escaped_wherever_they_stand);
    tcase_add_test(tc, progress_is_told_against_the_estimate_unless_that_is_passed);
    tcase_add_test(tc, a_rate_is_over_the_time_since_the_request);
    tcase_add_test(tc, a_snapshot_has_an_age_while_it_is_held);
    tcase_add_test(tc, the_figures_are_told);
    tcase_add_test(tc, without_a_status_nothing_is_told);
    tcase_add_test(tc, a_buffer_that_is_too_small_is_an_error_at_every_size);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
