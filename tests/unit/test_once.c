#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "access/once.h"

#define NOW 1700000000

static struct sl_once *once;
static struct sl_error err;

static void setup(void)
{
    once = sl_once_new();
    ck_assert_ptr_nonnull(once);
}

static void teardown(void)
{
    sl_once_free(once);
}

static int use(int number, int64_t exp, int64_t now)
{
    char token[32];

    snprintf(token, sizeof token, "token %d", number);
    return sl_once_use(once, token, exp, now, &err);
}

static int look(int number, int64_t exp)
{
    char token[32];

    snprintf(token, sizeof token, "token %d", number);
    return sl_once_check(once, token, exp, &err);
}

START_TEST(a_grant_is_used_once)
{
    ck_assert_int_eq(look(1, NOW + 1), 0);
    ck_assert_int_eq(look(1, NOW + 1), 0);
    ck_assert_int_eq(use(1, NOW + 1, NOW), 0);
    ck_assert_int_eq(look(1, NOW + 1), -1);
    ck_assert_int_eq(err.kind, SL_TICKET_GONE);
    ck_assert_int_eq(use(1, NOW + 1, NOW), -1);
    ck_assert_int_eq(err.kind, SL_TICKET_GONE);
    ck_assert_int_eq(use(2, NOW + 1, NOW), 0);
}
END_TEST

START_TEST(none_is_forgotten_before_it_expires)
{
    for (int i = 0; i < 5000; i++)
        ck_assert_int_eq(use(i, NOW + 10 + i % 2, NOW), 0);
    for (int i = 5000; i < 10000; i++)
        ck_assert_int_eq(use(i, NOW + 20, NOW + 9), 0);
    for (int i = 0; i < 10000; i++) {
        int64_t exp = i < 5000 ? NOW + 10 + i % 2 : NOW + 20;

        ck_assert_int_eq(look(i, exp), -1);
        ck_assert_int_eq(use(i, exp, NOW + 9), -1);
        ck_assert_int_eq(err.kind, SL_TICKET_GONE);
    }
    ck_assert_int_eq(look(10000, NOW + 20), 0);
}
END_TEST

START_TEST(there_are_never_too_many_and_those_that_expire_make_room)
{
    for (int i = 0; i < SL_ONCE_MAX; i++)
        ck_assert_int_eq(use(i, NOW + 10, NOW), 0);
    ck_assert_int_eq(use(SL_ONCE_MAX, NOW + 10, NOW), -1);
    ck_assert_int_eq(err.kind, SL_BUSY);
    ck_assert_int_eq(use(0, NOW + 10, NOW), -1);
    ck_assert_int_eq(err.kind, SL_TICKET_GONE);
    for (int i = SL_ONCE_MAX; i < 3 * SL_ONCE_MAX; i++)
        ck_assert_int_eq(use(i, NOW + 10 + i / SL_ONCE_MAX * 10, NOW + i / SL_ONCE_MAX * 10), 0);
    ck_assert_int_eq(look(3 * SL_ONCE_MAX - 1, NOW + 30), -1);
}
END_TEST

START_TEST(what_has_expired_is_no_longer_used)
{
    ck_assert_int_eq(use(1, NOW, NOW), -1);
    ck_assert_int_eq(err.kind, SL_FORBIDDEN);
    ck_assert_int_eq(look(1, NOW), 0);
}
END_TEST

START_TEST(who_read_the_clock_before_uses_were_forgotten_does_not_use_one_again)
{
    ck_assert_int_eq(use(1, NOW + 1, NOW), 0);
    for (int i = 2; i < 200; i++)
        ck_assert_int_eq(use(i, NOW + 100, NOW + 1), 0);
    ck_assert_int_eq(look(1, NOW + 1), 0);
    ck_assert_int_eq(use(1, NOW + 1, NOW), -1);
    ck_assert_int_eq(err.kind, SL_FORBIDDEN);
}
END_TEST

START_TEST(one_that_was_given_back_is_used_once_again)
{
    static const char token[] = "token 7";

    sl_once_give_back(once, token, NOW + 10);
    for (int i = 0; i < 500; i++)
        ck_assert_int_eq(use(i, NOW + 10, NOW), 0);
    for (int round = 0; round < 3; round++) {
        sl_once_give_back(once, token, NOW + 10);
        sl_once_give_back(once, token, NOW + 10);
        ck_assert_int_eq(look(7, NOW + 10), 0);
        ck_assert_int_eq(use(7, NOW + 10, NOW), 0);
        ck_assert_int_eq(use(7, NOW + 10, NOW), -1);
    }
    sl_once_give_back(once, token, NOW + 10);
    for (int i = 0; i < 500; i++)
        ck_assert_int_eq(look(i, NOW + 10), i == 7 ? 0 : -1);
    for (int i = 500; i < 2000; i++)
        ck_assert_int_eq(use(i, NOW + 10, NOW), 0);
    ck_assert_int_eq(use(7, NOW + 10, NOW), 0);
}
END_TEST

#define THREADS 4
#define RACES 500

static void *race(void *arg)
{
    int *won = arg;

    for (int i = 0; i < RACES; i++) {
        char token[32];
        struct sl_error mine;

        snprintf(token, sizeof token, "race %d", i);
        *won += sl_once_use(once, token, NOW + 10, NOW, &mine) == 0;
        ck_assert_int_eq(sl_once_check(once, token, NOW + 10, &mine), -1);
    }
    return NULL;
}

START_TEST(of_several_threads_one_uses_each)
{
    pthread_t threads[THREADS];
    int won[THREADS] = {0};
    int all = 0;

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, race, &won[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all += won[i];
    }
    ck_assert_int_eq(all, RACES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("once");
    TCase *tc = tcase_create("once");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_grant_is_used_once);
    tcase_add_test(tc, none_is_forgotten_before_it_expires);
    tcase_add_test(tc, there_are_never_too_many_and_those_that_expire_make_room);
    tcase_add_test(tc, what_has_expired_is_no_longer_used);
    tcase_add_test(tc, who_read_the_clock_before_uses_were_forgotten_does_not_use_one_again);
    tcase_add_test(tc, one_that_was_given_back_is_used_once_again);
    tcase_add_test(tc, of_several_threads_one_uses_each);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
