/* What goes through the stage is what iconv makes of the whole text in one piece. */
#include <check.h>
#include <iconv.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "sink/encode.h"

#define MAX ((size_t)1 << 20)

/* The stage after it: memory, in windows of one size. */
struct memory {
    struct sl_sink base;
    size_t window;
    size_t n;
    int writes;
    int flushed;
    int ended;
    int aborted;
    bool fail;
    char bytes[MAX];
};

static struct memory memory; /* large */

static int memory_buffer(struct sl_sink *sink, char **data, size_t *size, struct sl_error *err)
{
    (void)sink;
    if (memory.fail)
        return sl_error_set(err, SL_OUTPUT_WRITE, "no window");
    ck_assert_uint_le(memory.n + memory.window, MAX);
    *data = memory.bytes + memory.n;
    *size = memory.window;
    return 0;
}

static int memory_write(struct sl_sink *sink, size_t len, struct sl_error *err)
{
    (void)sink;
    (void)err;
    ck_assert_uint_gt(len, 0);
    ck_assert_uint_le(len, memory.window);
    memory.n += len;
    memory.writes++;
    return 0;
}

static int memory_end(struct sl_sink *sink, struct sl_error *err)
{
    (void)sink;
    (void)err;
    memory.ended++;
    return 0;
}

static void memory_abort(struct sl_sink *sink)
{
    (void)sink;
    memory.aborted++;
}

static size_t memory_room(struct sl_sink *sink)
{
    (void)sink;
    return 1000;
}

static int memory_flush(struct sl_sink *sink, struct sl_error *err)
{
    (void)sink;
    (void)err;
    memory.flushed++;
    return 0;
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

static struct sl_error err;

static struct sl_sink *stage(const char *encoding, size_t window)
{
    memset(&memory, 0, offsetof(struct memory, bytes));
    memory.base.ops = &memory_ops;
    memory.window = window;
    struct sl_sink *sink = sl_encode_new(encoding, &memory.base, &err);
    ck_assert_msg(sink != NULL, "%s: %s", encoding, err.message);
    return sink;
}

/* Writes in pieces of at most `piece` bytes; 0 or -1 as the stage says. */
static int feed(struct sl_sink *sink, const char *text, size_t n, size_t piece)
{
    while (n > 0) {
        char *data;
        size_t size;

        if (sl_sink_buffer(sink, &data, &size, &err) != 0)
            return -1;
        ck_assert_uint_gt(size, 0);
        size_t part = piece < size ? piece : size;
        part = part < n ? part : n;
        memcpy(data, text, part);
        if (sl_sink_write(sink, part, &err) != 0)
            return -1;
        text += part;
        n -= part;
    }
    return 0;
}

static char whole[MAX];

static size_t by_iconv(const char *encoding, const char *text, size_t n)
{
    iconv_t cd = iconv_open(encoding, "UTF-8");
    char *in = (char *)(uintptr_t)text;
    char *out = whole;
    size_t left = MAX;

    ck_assert(cd != (iconv_t)-1);
    ck_assert_int_eq((int)iconv(cd, &in, &n, &out, &left), 0);
    ck_assert_int_eq((int)iconv(cd, NULL, NULL, &out, &left), 0);
    iconv_close(cd);
    return MAX - left;
}

static void same(const char *encoding, const char *text, size_t n, size_t piece, size_t window)
{
    size_t len = by_iconv(encoding, text, n);
    struct sl_sink *sink = stage(encoding, window);

    if (feed(sink, text, n, piece) != 0 || sl_sink_end(sink, &err) != 0)
        ck_abort_msg("%s: %s", encoding, err.message);
    ck_assert_int_eq(memory.ended, 1);
    ck_assert_msg(memory.n == len && memcmp(memory.bytes, whole, len) == 0,
                  "%s in pieces of %zu, windows of %zu: %zu bytes, not %zu, or others", encoding,
                  piece, window, memory.n, len);
    sl_encode_free(sink);
}

/* ASCII, two, three and four bytes for a character, each cut everywhere. */
static const char mixed[] = "id,name\n1,\xC3\xA4\xC3\x9F\n2,\xE2\x82\xAC\xE6\x97\xA5\xE6\x9C\xAC\n"
                            "3,\xF0\x9F\x98\x80x\xF0\x9F\x90\x98 \xF3\xA0\x81\xA7\n";

START_TEST(a_character_may_be_cut_anywhere)
{
    static const char *const encodings[] = {"UTF-16", "UTF-16LE", "UTF-32BE",
                                            "UTF-7",  "GB18030",  "UTF-8"};

    for (size_t e = 0; e < sizeof encodings / sizeof encodings[0]; e++)
        for (size_t piece = 1; piece <= 9; piece++)
            for (size_t window = 1; window < 20; window += 3)
                same(encodings[e], mixed, sizeof mixed - 1, piece, window);
}
END_TEST

START_TEST(a_stateful_encoding_is_reset_at_the_end_and_only_there)
{
    static const char japanese[] = "a,\xE6\x97\xA5\xE6\x9C\xAC"
                                   "b\n\xE3\x81\x82\xE3\x81\x84";

    for (size_t piece = 1; piece < sizeof japanese; piece++) {
        same("ISO-2022-JP", japanese, sizeof japanese - 1, piece, 5);
        ck_assert_uint_ge(memory.n, 3);
        ck_assert_int_eq(memcmp(memory.bytes + memory.n - 3, "\x1b(B", 3), 0);
    }
}
END_TEST

START_TEST(a_text_longer_than_its_window_is_the_same)
{
    static char text[100000];

    for (size_t i = 0; i < sizeof text; i += 5)
        memcpy(text + i, i % 3 == 0 ? "\xC3\xA4.\xC3\xB6" : "abcd\n", 5);
    same("ISO-8859-1", text, sizeof text, SIZE_MAX, 1000);
    same("UTF-32", text, sizeof text, SIZE_MAX, 262144);
    same("IBM037", text, sizeof text, 777, 1 << 14);
}
END_TEST

/* In pieces, so that the last whole character comes alone too. */
static void refused(const char *encoding, const char *text, size_t n)
{
    for (size_t piece = 1; piece <= n; piece++) {
        struct sl_sink *sink = stage(encoding, 64);
        int rc = feed(sink, text, n, piece);

        err.message[0] = '\0';
        if (rc == 0)
            rc = sl_sink_end(sink, &err);
        ck_assert_msg(rc != 0, "%s took it in pieces of %zu", encoding, piece);
        ck_assert_int_eq(memory.ended, 0);
        sl_sink_abort(sink);
        ck_assert_int_eq(memory.aborted, 1);
        sl_encode_free(sink);
    }
}

START_TEST(what_an_encoding_lacks_is_refused_and_never_replaced)
{
    static const char *const texts[] = {
        "ok \xE2\x82\xAC", /* the euro sign is not in ISO-8859-1 */
        "\xE2\x82\xAC ok \xC3\xA4",
        "flag \xF3\xA0\x81\xA7 x \xC3\xA4", /* a tag, which glibc leaves out without a word */
        "x\xF3\xA0\x80\x80",
        "cut \xC3", /* no UTF-8 */
        "\x80\x80\x80\x80\x80",
        "\xFF ",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        refused("ISO-8859-1", texts[i], strlen(texts[i]));
}
END_TEST

START_TEST(what_the_library_replaces_without_a_word_is_refused)
{
    static const struct {
        const char *encoding;
        const char *text;
    } replaced[] = {
        {"IBM1046", "1\xD9\xAB"
                    "5"}, /* the Arabic decimal sign: a comma */
        {"IBM16804", "1\xD9\xAB"
                     "5"},       /* the same in EBCDIC */
        {"IBM9448", "\xD9\xA0"}, /* an Arabic digit: 0 */
        {"IBM937", "a\xC2\xA0"
                   "b"}, /* a no-break space: the control SUB */
        {"IBM943", "a\xC2\xA0"
                   "b"},
        {"EUC-JP", "10 \xC2\xA5"}, /* the yen sign: a backslash */
        {"IBM1371", "a\\b"},       /* a backslash: a dollar sign */
        {"ISO-2022-KR", "a\x0E"
                        "b"}, /* what shifts to other letters */
        {"ISO-2022-KR", "a\x0F"
                        "b"},
        {"ISO-2022-JP", "a\x1B$B"},
    };

    for (size_t i = 0; i < sizeof replaced / sizeof replaced[0]; i++)
        refused(replaced[i].encoding, replaced[i].text, strlen(replaced[i].text));
}
END_TEST

START_TEST(letters_that_are_read_back_as_others_of_their_kind_are_written)
{
    /* Shift_JIS has one byte for yen sign and backslash; the mark is put into the letter. */
    same("SJIS", "a\\b ~", 5, 1, 5);
    same("CP1258", "a\xCC\xA3 \xE1\xBA\xA1", 7, 1, 5);
}
END_TEST

START_TEST(a_refusal_names_the_encoding_and_not_the_value)
{
    struct sl_sink *sink = stage("ISO-8859-1", 64);
    static const char text[] = "secret \xE2\x82\xAC";

    ck_assert_int_eq(feed(sink, text, sizeof text - 1, SIZE_MAX), -1);
    ck_assert_int_eq(err.kind, SL_BAD_PARAMETER);
    ck_assert_str_eq(err.parameter, "_encoding");
    ck_assert_ptr_nonnull(strstr(err.message, "ISO-8859-1"));
    ck_assert_ptr_null(strstr(err.message, "secret"));
    ck_assert_ptr_null(strstr(err.message, "\xE2\x82\xAC"));
    ck_assert_str_eq(err.detail, "");
    sl_encode_free(sink);
}
END_TEST

START_TEST(a_flush_shows_all_but_half_a_character)
{
    struct sl_sink *sink = stage("UTF-16LE", 64);

    ck_assert_int_eq(feed(sink, "a\xC3", 2, SIZE_MAX), 0);
    ck_assert_uint_eq(memory.n, 0);
    ck_assert_int_eq(sl_sink_flush(sink, &err), 0);
    ck_assert_int_eq(memory.flushed, 1);
    ck_assert_uint_eq(memory.n, 2);
    ck_assert_int_eq(feed(sink, "\xA4", 1, SIZE_MAX), 0);
    ck_assert_int_eq(sl_sink_end(sink, &err), 0);
    ck_assert_uint_eq(memory.n, 4);
    ck_assert_int_eq(memcmp(memory.bytes, "a\0\xE4\0", 4), 0);
    sl_encode_free(sink);
}
END_TEST

START_TEST(small_writes_fill_a_window_of_the_next_stage)
{
    struct sl_sink *sink = stage("ISO-8859-1", 100);
    char text[250];

    memset(text, 'x', sizeof text);
    ck_assert_int_eq(feed(sink, text, sizeof text, 10), 0);
    ck_assert_int_eq(memory.writes, 2);
    ck_assert_uint_eq(sl_sink_room(sink), 950);
    ck_assert_int_eq(sl_sink_end(sink, &err), 0);
    ck_assert_int_eq(memory.writes, 3);
    sl_encode_free(sink);
}
END_TEST

START_TEST(a_failure_of_the_next_stage_is_passed_on)
{
    struct sl_sink *sink = stage("UTF-16", 64);

    memory.fail = true;
    ck_assert_int_eq(feed(sink, "a", 1, 1), -1);
    ck_assert_int_eq(err.kind, SL_OUTPUT_WRITE);
    sl_encode_free(sink);
}
END_TEST

START_TEST(a_name_is_one_that_the_library_knows_and_nothing_more)
{
    static const char *const unknown[] = {"",
                                          "UTF-9",
                                          "latin-1000",
                                          "ISO-8859-1//TRANSLIT",
                                          "ISO-8859-1/",
                                          "ASCII//IGNORE",
                                          "ASCII,TRANSLIT",
                                          "../../x",
                                          "UTF-16 ",
                                          "ISO-8859-1\n",
                                          "\xC3\xA4"};
    char longest[SL_ENCODE_NAME_MAX + 2];
    enum sl_bom bom;

    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        ck_assert_msg(!sl_encode_knows(unknown[i], &bom), "'%s' is known", unknown[i]);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert(!sl_encode_knows(longest, &bom));
    ck_assert_ptr_null(sl_encode_new("ASCII//TRANSLIT", &memory.base, &err));
}
END_TEST

START_TEST(a_byte_order_mark_is_known_for_what_it_is)
{
    static const struct {
        const char *name;
        enum sl_bom bom;
    } encodings[] = {
        {"ISO-8859-1", SL_BOM_NONE},      {"windows-1252", SL_BOM_NONE},
        {"latin1", SL_BOM_NONE},          {"ASCII", SL_BOM_NONE},
        {"Shift_JIS", SL_BOM_NONE},       {"ISO-2022-KR", SL_BOM_NONE},
        {"ISO_8859-1:1987", SL_BOM_NONE}, {"UTF-16", SL_BOM_ALWAYS},
        {"utf-32", SL_BOM_ALWAYS},        {"UTF-16LE", SL_BOM_ASKED},
        {"UTF-16BE", SL_BOM_ASKED},       {"UTF-32LE", SL_BOM_ASKED},
        {"GB18030", SL_BOM_ASKED},        {"UTF-7", SL_BOM_ASKED},
    };

    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
        enum sl_bom bom = SL_BOM_NONE;

        ck_assert_msg(sl_encode_knows(encodings[i].name, &bom), "%s", encodings[i].name);
        ck_assert_msg(bom == encodings[i].bom, "%s: %d", encodings[i].name, (int)bom);
    }
}
END_TEST

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2(); /* nothing under a sanitizer */

    return info.uordblks + info.hblkhd;
}

START_TEST(its_memory_is_what_the_limits_say_at_most)
{
    /* What the library loads once for an encoding is not of one run. */
    sl_encode_free(stage("GB18030", 64));
    size_t before = allocated();
    struct sl_sink *sink = stage("GB18030", 64);

    ck_assert_uint_le(allocated() - before, SL_ENCODE_MEMORY);
    ck_assert_uint_eq(sl_sink_memory(sink), SL_ENCODE_MEMORY);
    sl_encode_free(sink);
    ck_assert_uint_eq(allocated(), before);
    sl_encode_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("encode");
    TCase *tc = tcase_create("encode");
    SRunner *sr = srunner_create(suite);

    tcase_set_timeout(tc, 20);
    tcase_add_test(tc, a_character_may_be_cut_anywhere);
    tcase_add_test(tc, a_stateful_encoding_is_reset_at_the_end_and_only_there);
    tcase_add_test(tc, a_text_longer_than_its_window_is_the_same);
    tcase_add_test(tc, what_an_encoding_lacks_is_refused_and_never_replaced);
    tcase_add_test(tc, what_the_library_replaces_without_a_word_is_refused);
    tcase_add_test(tc, letters_that_are_read_back_as_others_of_their_kind_are_written);
    tcase_add_test(tc, a_refusal_names_the_encoding_and_not_the_value);
    tcase_add_test(tc, a_flush_shows_all_but_half_a_character);
    tcase_add_test(tc, small_writes_fill_a_window_of_the_next_stage);
    tcase_add_test(tc, a_failure_of_the_next_stage_is_passed_on);
    tcase_add_test(tc, a_name_is_one_that_the_library_knows_and_nothing_more);
    tcase_add_test(tc, a_byte_order_mark_is_known_for_what_it_is);
    tcase_add_test(tc, its_memory_is_what_the_limits_say_at_most);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
