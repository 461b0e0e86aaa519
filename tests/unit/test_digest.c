#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "sink/digest.h"

/* The stage after the digest: memory in windows of one size. */
struct memory {
    struct sl_sink base;
    size_t window;
    size_t n;
    int ended;
    int aborted;
    int flushed;
    bool fail;
    const struct sl_digest *digest;
    char hex_at_end[SL_SHA256_HEX];
    char bytes[8192];
};

static int memory_buffer(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err)
{
    struct memory *memory = (struct memory *)sink;

    if (memory->fail)
        return sl_error_set(err, SL_OUTPUT_WRITE, "no window");
    *data = memory->bytes + memory->n % 4096;
    *size = memory->window;
    return 0;
}

static int memory_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    struct memory *memory = (struct memory *)sink;

    if (memory->fail)
        return sl_error_set(err, SL_OUTPUT_WRITE, "no write");
    memory->n += len;
    return 0;
}

static int memory_end(struct sl_sink *sink, struct sl_error *err)
{
    struct memory *memory = (struct memory *)sink;

    memory->ended++;
    strcpy(memory->hex_at_end, sl_digest_hex(memory->digest));
    return memory->fail ? sl_error_set(err, SL_OUTPUT_WRITE, "no end") : 0;
}

static void memory_abort(struct sl_sink *sink)
{
    ((struct memory *)sink)->aborted++;
}

static int memory_flush(struct sl_sink *sink, struct sl_error *error)
{
    struct memory *that = (struct memory *)sink;

    that->flushed++;
    return that->fail ? sl_error_set(error, SL_OUTPUT_WRITE, "no flush") : 0;
}

static size_t memory_room(struct sl_sink *sink)
{
    (void)sink;
    return 4242;
}

static const struct sl_sink_ops memory_ops = {
    .name = "memory",
    .buffer = memory_buffer,
    .write = memory_write,
    .end = memory_end,
    .abort = memory_abort,
    .room = memory_room,
    .flush = memory_flush,
};

static struct memory memory;
static struct sl_digest *digest;
static atomic_llong bytes;
static struct sl_sink *sink;
static struct sl_error err;

static void begin(int64_t limit)
{
    memset(&memory, 0, sizeof memory);
    memory.base.ops = &memory_ops;
    memory.window = 64;
    atomic_store(&bytes, 0);
    digest = sl_digest_new(&memory.base, &bytes, limit, &err);
    ck_assert_ptr_nonnull(digest);
    memory.digest = digest;
    sink = sl_digest_sink(digest);
}

static void setup(void)
{
    begin(0);
}

static void teardown(void)
{
    sl_digest_free(digest);
}

static void put(const char *text, size_t n)
{
    while (n > 0) {
        char *data;
        size_t size;

        ck_assert_int_eq(sl_sink_buffer(sink, &data, &size, &err), 0);
        if (size > n)
            size = n;
        memcpy(data, text, size);
        ck_assert_int_eq(sl_sink_write(sink, size, &err), 0);
        text += size;
        n -= size;
    }
}

/* FIPS 180-4, the examples of NIST's Cryptographic Standards and Guidelines. */
static const struct {
    const char *text;
    const char *hex;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnop"
     "qrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

START_TEST(known_texts_have_their_known_digest_in_windows_of_any_size)
{
    teardown();
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        for (size_t window = 1; window <= 130; window++) {
            setup();
            memory.window = window;
            put(vectors[i].text, strlen(vectors[i].text));
            ck_assert_int_eq(sl_sink_end(sink, &err), 0);
            ck_assert_str_eq(sl_digest_hex(digest), vectors[i].hex);
            ck_assert_uint_eq(memory.n, strlen(vectors[i].text));
            ck_assert_mem_eq(memory.bytes, vectors[i].text, memory.n);
            teardown();
        }
    }
    setup();
}
END_TEST

START_TEST(a_million_letters_have_their_known_digest)
{
    static char letters[1000];

    memset(letters, 'a', sizeof letters);
    memory.window = 999;
    for (int i = 0; i < 1000; i++)
        put(letters, sizeof letters);
    ck_assert_int_eq(sl_sink_end(sink, &err), 0);
    ck_assert_str_eq(sl_digest_hex(digest),
                     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    ck_assert_uint_eq(memory.n, 1000000);
    ck_assert_int_eq(atomic_load(&bytes), 1000000);
}
END_TEST

START_TEST(no_byte_over_the_limit_passes)
{
    char *data;
    size_t size;

    teardown();
    begin(100);
    put(vectors[2].text, 50);
    put(vectors[3].text, 50);
    ck_assert_int_eq(atomic_load(&bytes), 100);
    ck_assert_int_eq(sl_sink_buffer(sink, &data, &size, &err), 0);
    data[0] = 'x';
    ck_assert_int_eq(sl_sink_write(sink, 1, &err), -1);
    ck_assert_int_eq(err.kind, SL_LIMIT);
    ck_assert_uint_eq(memory.n, 100);
    ck_assert_int_eq(atomic_load(&bytes), 100);
}
END_TEST

START_TEST(what_did_not_pass_is_not_counted)
{
    char *data;
    size_t size;

    put("abc", 3);
    ck_assert_int_eq(sl_sink_buffer(sink, &data, &size, &err), 0);
    data[0] = 'x';
    memory.fail = true;
    ck_assert_int_eq(sl_sink_write(sink, 1, &err), -1);
    ck_assert_int_eq(atomic_load(&bytes), 3);
}
END_TEST

START_TEST(the_digest_is_empty_before_the_end_and_there_when_the_next_stage_ends)
{
    ck_assert_str_eq(sl_digest_hex(digest), "");
    put("abc", 3);
    ck_assert_str_eq(sl_digest_hex(digest), "");
    ck_assert_int_eq(sl_sink_end(sink, &err), 0);
    ck_assert_int_eq(memory.ended, 1);
    ck_assert_str_eq(memory.hex_at_end, vectors[1].hex);
}
END_TEST

START_TEST(what_the_next_stage_says_passes_through)
{
    char *data;
    size_t size;

    ck_assert_uint_eq(sl_sink_room(sink), 4242);
    ck_assert_int_eq(sl_sink_buffer(sink, &data, &size, &err), 0);
    ck_assert_uint_eq(size, 64);
    data[0] = 'x';
    ck_assert_int_eq(sl_sink_flush(sink, &err), 0);
    ck_assert_int_eq(memory.flushed, 1);
    memory.fail = true;
    ck_assert_int_eq(sl_sink_flush(sink, &err), -1);
    ck_assert_str_eq(err.message, "no flush");
    ck_assert_int_eq(sl_sink_write(sink, 1, &err), -1);
    ck_assert_str_eq(err.message, "no write");
    ck_assert_int_eq(sl_sink_buffer(sink, &data, &size, &err), -1);
    ck_assert_str_eq(err.message, "no window");
    ck_assert_int_eq(err.kind, SL_OUTPUT_WRITE);
    ck_assert_int_eq(sl_sink_end(sink, &err), -1);
    ck_assert_str_eq(err.message, "no end");
}
END_TEST

START_TEST(an_abort_passes_through_and_leaves_no_digest)
{
    put("abc", 3);
    sl_sink_abort(sink);
    ck_assert_int_eq(memory.aborted, 1);
    ck_assert_int_eq(memory.ended, 0);
    ck_assert_str_eq(sl_digest_hex(digest), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("digest");
    TCase *tc = tcase_create("digest");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, known_texts_have_their_known_digest_in_windows_of_any_size);
    tcase_add_test(tc, a_million_letters_have_their_known_digest);
    tcase_add_test(tc, no_byte_over_the_limit_passes);
    tcase_add_test(tc, what_did_not_pass_is_not_counted);
    tcase_add_test(tc, the_digest_is_empty_before_the_end_and_there_when_the_next_stage_ends);
    tcase_add_test(tc, what_the_next_stage_says_passes_through);
    tcase_add_test(tc, an_abort_passes_through_and_leaves_no_digest);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
