/* The table of a preview: what CSV holds is what its cells show. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "http/preview.h"

static void is(const char *csv, bool all, const char *wanted)
{
    struct sl_buf html;

    sl_buf_init(&html, 65536);
    ck_assert_int_eq(sl_preview_table(csv, all, &html), 0);
    const char *table = strstr(html.data, "<thead>");
    ck_assert_ptr_nonnull(table);
    ck_assert_str_eq(table, wanted);
    ck_assert_int_eq(strstr(html.data, "all rows") != NULL, all);
    sl_buf_free(&html);
}

#define END "</tbody>\n</table>\n</div>\n"

START_TEST(null_is_told_from_an_empty_text)
{
    is("a,b\ntext,text\n,\"\"\n", true,
       "<thead><tr><th scope=\"col\">a<span class=\"type\">text</span></th>"
       "<th scope=\"col\">b<span class=\"type\">text</span></th></tr></thead>\n<tbody>\n"
       "<tr><td class=\"null\">NULL</td><td></td></tr>\n" END);
}
END_TEST

START_TEST(quotes_commas_and_line_ends_are_part_of_values)
{
    is("\"a\n\"\"b\",c\ntext,integer\n\"x,\"\"y\"\"\nz\",7\n", false,
       "<thead><tr><th scope=\"col\">a\n&#34;b<span class=\"type\">text</span></th>"
       "<th scope=\"col\" class=\"number\">c<span class=\"type\">integer</span></th></tr></thead>\n"
       "<tbody>\n<tr><td>x,&#34;y&#34;\nz</td><td class=\"number\">7</td></tr>\n" END);
}
END_TEST

START_TEST(values_are_escaped)
{
    is("<a>\n<t>\n<script>\n", true,
       "<thead><tr><th scope=\"col\">&#60;a&#62;<span class=\"type\">&#60;t&#62;</span></th></tr>"
       "</thead>\n<tbody>\n<tr><td>&#60;script&#62;</td></tr>\n" END);
}
END_TEST

START_TEST(a_long_value_is_cut_between_characters)
{
    char csv[3 * SL_PREVIEW_CELL] = "a\ntext\nx";
    char wanted[2 * SL_PREVIEW_CELL + 200];
    size_t len = strlen(csv);

    /* One byte, and then characters of two: the cut would be inside one. */
    for (int i = 0; i < SL_PREVIEW_CELL; i++, len += 2)
        memcpy(csv + len, "\303\244", 3);
    memcpy(csv + len, "\n", 2);
    strcpy(wanted,
           "<thead><tr><th scope=\"col\">a<span class=\"type\">text</span></th></tr></thead>\n"
           "<tbody>\n<tr><td>x");
    for (int i = 0; i < (SL_PREVIEW_CELL - 1) / 2; i++)
        strcat(wanted, "\303\244");
    strcat(wanted, "\342\200\246</td></tr>\n" END);
    is(csv, true, wanted);
}
END_TEST

START_TEST(no_rows_leave_the_heads)
{
    is("a\nint4range\n", true,
       "<thead><tr><th scope=\"col\">a<span class=\"type\">int4range</span></th></tr></thead>\n"
       "<tbody>\n" END);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("preview");
    TCase *tc = tcase_create("preview");
    SRunner *sr = srunner_create(suite);

    tcase_add_test(tc, null_is_told_from_an_empty_text);
    tcase_add_test(tc, quotes_commas_and_line_ends_are_part_of_values);
    tcase_add_test(tc, values_are_escaped);
    tcase_add_test(tc, a_long_value_is_cut_between_characters);
    tcase_add_test(tc, no_rows_leave_the_heads);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
