#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/config.h"

#define KEY_32 "0123456789abcdef0123456789abcdef"
#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_0 "00000000000000000000000000000000000000000000000000000000000000fF"

static struct sl_config *config;
static struct sl_error err;

/* A folder of its own for each test, also as the working directory. */
static char folder[32];

static void setup(void)
{
    clearenv();
    setenv("PGSLUICE", "/usr/bin/pgsluice", 1); /* no variable of ours: no underscore follows */
    snprintf(folder, sizeof(folder), "/tmp/test_config_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static void teardown(void)
{
    static const char *const files[] = {"x.conf", "key", "dsn"};

    sl_config_free(config);
    config = NULL;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        unlink(files[i]);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fputs(text, file) < 0, 0);
    ck_assert_int_eq(fclose(file), 0);
}

/* Reads text as x.conf into `config`. */
static int parse(const char *text)
{
    sl_config_free(config);
    return sl_config_parse("x.conf", text, strlen(text), true, &config, &err);
}

static void accepted(const char *text)
{
    ck_assert_msg(parse(text) == 0, "%s", err.message);
}

static void refused(const char *text, const char *begin, const char *advice)
{
    ck_assert_int_eq(parse(text), -1);
    ck_assert_int_eq(err.kind, SL_CONFIG);
    ck_assert_ptr_null(config);
    ck_assert_msg(strncmp(err.message, begin, strlen(begin)) == 0, "%s", err.message);
    ck_assert_msg(strstr(err.message, advice) != NULL, "%s", err.message);
}

START_TEST(an_empty_file_means_the_documented_defaults)
{
    accepted("");
    ck_assert_str_eq(config->file, "x.conf");
    ck_assert_str_eq(config->server.listen, "127.0.0.1:8080");
    ck_assert_str_eq(config->server.admin_listen, "127.0.0.1:8081");
    ck_assert_str_eq(config->server.admin_token, "");
    ck_assert_str_eq(config->server.admin_hosts, "");
    ck_assert_int_eq(config->server.drain_timeout, 60000);
    ck_assert_str_eq(config->database.dsn, "");
    ck_assert_int_eq(config->database.max_exports, 8);
    ck_assert_int_eq(config->database.queue_length, 64);
    ck_assert_int_eq(config->database.queue_timeout, 30000);
    ck_assert_int_eq(config->database.lock_timeout, 5000);
    ck_assert_str_eq(config->database.timezone, "UTC");
    ck_assert_str_eq(config->exports.directory, "exports.d");
    ck_assert_str_eq(config->exports.tables, "");
    ck_assert_str_eq(config->exports.hidden_columns, "*.password,*.*_token,*.*_secret");
    ck_assert(!config->exports.regex);
    ck_assert_int_eq(config->exports.max_parallel, 1);
    ck_assert_str_eq(config->access.grant_key, "");
    ck_assert_int_eq(config->access.grant_max_age, 24 * 3600 * 1000);
    ck_assert_str_eq(config->access.grant_roles, "");
    ck_assert_str_eq(config->access.row_settings, "pgsluice.*");
    ck_assert(!config->access.anonymous);
    ck_assert(!config->anonymous.given);
    ck_assert_str_eq(config->tickets.listen, "");
    ck_assert_int_eq(config->limits.memory, 2 * 1024 * 1024);
    ck_assert_int_eq(config->limits.max_row, 16 * 1024 * 1024);
    ck_assert_int_eq(config->limits.max_rows, 0);
    ck_assert_int_eq(config->limits.max_bytes, 0);
    ck_assert_int_eq(config->limits.max_duration, 6 * 3600 * 1000);
    ck_assert_int_eq(config->limits.max_hold, 30 * 60 * 1000);
    ck_assert_int_eq(config->limits.min_rate, 16 * 1024);
    ck_assert_int_eq(config->limits.stall_timeout, 60000);
    ck_assert_str_eq(config->limits.spool_directory, "");
    ck_assert_int_eq(config->limits.spool, INT64_C(1) << 30);
    ck_assert_int_eq(config->limits.spool_total, INT64_C(10) << 30);
    ck_assert(!config->log.json);
    ck_assert_int_eq(config->log.level, SL_LOG_INFO);
    ck_assert_uint_eq(config->n_tokens, 0);
}
END_TEST

START_TEST(every_kind_of_value_lands_in_its_place)
{
    accepted("[server]\nlisten = 127.0.0.1:0 , unix:/run/x.sock\nadmin_listen =\n"
             "[database]\ndsn = host=/tmp dbname='my shop'\nmax_exports = 3\n"
             "[exports]\ntables = public.*,\n    shop.order\nregex = on\n"
             "[access]\ngrant_key = " KEY_32 "\n   second" KEY_32 "\nanonymous = yes\n"
             "[anonymous]\nexports = orders, report_*\nrole = visitor\n"
             "[limits]\nmemory = 512kB\nmax_rows = 10\nmin_rate = 1B/s\nmax_hold = 1500ms\n"
             "[log]\nformat = json\nlevel = warning\n");
    ck_assert_str_eq(config->server.listen, "127.0.0.1:0,unix:/run/x.sock");
    ck_assert_str_eq(config->server.admin_listen, "");
    ck_assert_str_eq(config->database.dsn, "host=/tmp dbname='my shop'");
    ck_assert_int_eq(config->database.max_exports, 3);
    ck_assert_str_eq(config->exports.tables, "public.*,shop.order");
    ck_assert(config->exports.regex);
    ck_assert_str_eq(config->access.grant_key, KEY_32 "\nsecond" KEY_32);
    ck_assert(config->access.anonymous);
    ck_assert(config->anonymous.given);
    ck_assert_str_eq(config->anonymous.exports, "orders,report_*");
    ck_assert_str_eq(config->anonymous.role, "visitor");
    ck_assert_int_eq(config->limits.memory, 512 * 1024);
    ck_assert_int_eq(config->limits.max_rows, 10);
    ck_assert_int_eq(config->limits.min_rate, 1);
    ck_assert_int_eq(config->limits.max_hold, 1500);
    ck_assert(config->log.json);
    ck_assert_int_eq(config->log.level, SL_LOG_WARNING);
}
END_TEST

START_TEST(tokens_have_names_hashes_and_patterns)
{
    accepted("[token cron]\nsha256 = " SHA_A "\nexports = *\n"
             "[token Web-1]\nrole = web\nsha256 = " SHA_0 "\n");
    ck_assert_uint_eq(config->n_tokens, 2);
    ck_assert_str_eq(config->tokens[0].name, "cron");
    ck_assert_str_eq(config->tokens[0].exports, "*");
    ck_assert_str_eq(config->tokens[0].tables, "");
    ck_assert_int_eq(config->tokens[0].sha256[0], 0xAA);
    ck_assert_str_eq(config->tokens[1].name, "Web-1");
    ck_assert_str_eq(config->tokens[1].exports, "");
    ck_assert_str_eq(config->tokens[1].role, "web");
    ck_assert_int_eq(config->tokens[1].sha256[31], 0xFF);
}
END_TEST

START_TEST(unknown_names_are_refused_with_the_nearest_known_one)
{
    refused("[sevrer]\n", "x.conf:1: unknown section [sevrer]", "did you mean [server]?");
    refused("\n[elephants]\n", "x.conf:2: unknown section [elephants]", "server, database, ");
    refused("[server]\nlisen = x\n", "x.conf:2: unknown key lisen", "did you mean listen?");
    refused("[server]\nmax_rows = 1\n", "x.conf:2: unknown key max_rows", "below [limits]");
    refused("[database]\nelephants = 1\n", "x.conf:2: unknown key", "dsn, dsn_file, max_exports");
    refused("[token a]\nsha265 = 1\n", "x.conf:2: unknown key", "did you mean sha256?");
    refused("[exports]\ndirectory_file = x\n", "x.conf:2: unknown key", "write one of directory");
}
END_TEST

START_TEST(a_key_given_twice_is_refused_with_the_first_line)
{
    refused("[server]\nlisten = 1.2.3.4:5\n\n[log]\n[server]\nlisten = 1.2.3.4:6\n",
            "x.conf:6: ", "listen is given already in line 2");
    refused("[access]\ngrant_key = " KEY_32 "\ngrant_key_file = key\n",
            "x.conf:3: ", "grant_key is given already in line 2");
    refused("[token a]\nsha256=" SHA_A "\nrole=a\nrole=b\n", "x.conf:4: ", "in line 3");
    refused("[token a]\nsha256=" SHA_A "\n[token a]\n", "x.conf:3: ", "[token a] is there already");
    accepted("[token a]\nsha256=" SHA_A "\n[token b]\nsha256=" SHA_0 "\n");
}
END_TEST

START_TEST(a_value_out_of_range_or_form_is_refused_with_advice)
{
    static const struct {
        const char *text;
        const char *advice;
    } bad[] = {
        {"[limits]\nmemory = 2MiB\n", "from 512kB to 1GB"},
        {"[limits]\nmemory = 511kB\n", "from 512kB to 1GB"},
        {"[limits]\nmemory = 2GB\n", "from 512kB to 1GB"},
        {"[limits]\nmemory =\n", "from 512kB to 1GB"},
        {"[limits]\nmax_rows = 0\n", "or nothing for no limit"},
        {"[limits]\nmin_rate = 16kB\n", "from 1B/s to 1GB/s"},
        {"[limits]\nmax_duration = 25d\n", "from 1ms to 24d"},
        {"[database]\nmax_exports = 0\n", "from 1 to 1000"},
        {"[database]\nmax_exports = 1001\n", "from 1 to 1000"},
        {"[database]\nqueue_length = 10001\n", "from 0 to 10000"},
        {"[database]\nqueue_length = -1\n", "from 0 to 10000"},
        {"[database]\ntimezone =\n", "timezone = UTC"},
        {"[exports]\nregex = maybe\n", "write on or off"},
        {"[exports]\ndirectory = a\n  b\n", "in one line"},
        {"[log]\nformat = xml\n", "write logfmt or json"},
        {"[log]\nlevel = loud\n", "write debug, info, warning or error"},
        {"[server]\nlisten =\n", "listen = 127.0.0.1:8080"},
        {"[server]\nlisten = 8080\n", "write host:port"},
        {"[server]\nlisten = 127.0.0.1:1, x\n", "write host:port"},
        {"[token a]\nsha256 = abc\n", "sha256sum"},
        {"[token a]\nsha256 = z" SHA_A "\n", "sha256sum"},
        {"[access]\ngrant_key = " KEY_32 "\n  short\n", "openssl rand"},
        {"[access]\nrow_settings = pgsluice.*, user\n", "write pgsluice.user"},
        {"[access]\nrow_settings = user\n", "write pgsluice.user"},
        {"[exports]\nhidden_columns = *.password, ssn\n", "write *.ssn"},
        {"[exports]\nhidden_columns = password\n", "write *.password"},
        {"[tickets]\nsecret = short\n", "openssl rand"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refused(bad[i].text, "x.conf:2: ", bad[i].advice);
}
END_TEST

START_TEST(secrets_are_not_quoted_in_messages)
{
    refused("[access]\ngrant_key = hunter2\n", "x.conf:2: grant_key", "shorter than 32 bytes");
    ck_assert_ptr_null(strstr(err.message, "hunter2"));
    refused("[tickets]\nsecret = " KEY_32 "\n  " KEY_32 "\n", "x.conf:2: secret", "one line");
    ck_assert_ptr_null(strstr(err.message, KEY_32));
}
END_TEST

START_TEST(what_contradicts_or_lacks_is_refused)
{
    refused("[token a]\nrole = x\n", "x.conf:1: ", "has no sha256");
    refused("[token a]\n[token b]\nsha256=" SHA_A "\n", "x.conf:1: ", "has no sha256");
    refused("[token a]\nsha256=" SHA_A "\n[token b]\nsha256=" SHA_A "\n",
            "x.conf:3: ", "has the sha256 of [token a]");
    refused("[token]\n", "x.conf:1: ", "a token needs a name");
    refused("[server x]\n", "x.conf:1: ", "takes no name");
    refused("[server]\nadmin_listen = 127.0.0.1:1, 0.0.0.0:2\n", "x.conf:2: ", "admin_token");
    accepted("[server]\nadmin_listen = 0.0.0.0:2\nadmin_token = x\n");
    accepted("[server]\nadmin_listen = unix:/run/a.sock,[::1]:1,localhost:2\n");
    refused("[tickets]\nlisten = 127.0.0.1:1\n", "x.conf:2: ", "listen = unix:");
    refused("[tickets]\nlisten = unix:/t\ndsn = x\n", "x.conf:2: ", "needs a secret");
    refused("[tickets]\nlisten = unix:/t\nsecret = " KEY_32 "\n", "x.conf:2: ", "needs a dsn");
    accepted("[tickets]\nlisten = unix:/t\nsecret = " KEY_32 "\ndsn = user=x\n");
    refused("[database]\ndsn = user=x\n[tickets]\nlisten = unix:/t\nsecret = " KEY_32
            "\ndsn = user=x\n",
            "x.conf:6: ", "that of [database]");
}
END_TEST

START_TEST(more_tokens_than_the_maximum_are_refused)
{
    static char text[SL_MAX_TOKENS * 100 + 200];
    size_t len = 0;

    for (int i = 0; i <= SL_MAX_TOKENS; i++)
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "[token t%d]\nsha256=%064d\n", i, i);
    refused(text, "x.conf:2001: ", "more than 1000 tokens");
}
END_TEST

START_TEST(a_file_key_reads_the_file_without_its_last_newline)
{
    write_file("dsn", "host=/run\r\n");
    write_file("key", KEY_32 "\n" KEY_32 "2\n\n");
    accepted("[database]\ndsn_file = dsn\n[access]\ngrant_key_file = key\n");
    ck_assert_str_eq(config->database.dsn, "host=/run");
    ck_assert_str_eq(config->access.grant_key, KEY_32 "\n" KEY_32 "2");

    refused("[database]\ndsn_file = missing\n", "x.conf:2: dsn_file: missing: cannot open", "");
    write_file("key", "\xFF\xFE");
    refused("[access]\ngrant_key_file = key\n", "x.conf:2: grant_key_file", "is not text");
    write_file("key", "hunter2\n");
    refused("[access]\ngrant_key_file = key\n", "x.conf:2: grant_key", "shorter than 32 bytes");
}
END_TEST

START_TEST(server_secrets_are_left_alone_without_the_need)
{
    const char *text = "[server]\nadmin_listen = 0.0.0.0:1\nadmin_token_file = missing\n"
                       "[access]\ngrant_key_file = missing\n"
                       "[tickets]\nlisten = unix:/t\nsecret_file = missing\ndsn_file = missing\n"
                       "[database]\ndsn = x\n";

    ck_assert_int_eq(sl_config_parse("x.conf", text, strlen(text), false, &config, &err), 0);
    ck_assert_str_eq(config->access.grant_key, "");
    ck_assert_str_eq(config->server.admin_token, "");
    ck_assert_str_eq(config->tickets.dsn, "");
    ck_assert_str_eq(config->database.dsn, "x");
}
END_TEST

/* Reads the folder's x.conf by its full name. */
static int load(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/x.conf", folder);
    ck_assert_int_eq(chdir("/"), 0);
    sl_config_free(config);
    int result = sl_config_load(path, true, &config, &err);
    ck_assert_int_eq(chdir(folder), 0);
    return result;
}

START_TEST(relative_paths_are_relative_to_the_configuration_file)
{
    char expected[64];

    write_file("key", KEY_32);
    write_file("x.conf", "[exports]\ndirectory = my/exports\n[access]\ngrant_key_file = key\n"
                         "[limits]\nspool_directory = /var/spool\n");
    ck_assert_msg(load() == 0, "%s", err.message);
    snprintf(expected, sizeof(expected), "%s/my/exports", folder);
    ck_assert_str_eq(config->exports.directory, expected);
    ck_assert_str_eq(config->access.grant_key, KEY_32);
    ck_assert_str_eq(config->limits.spool_directory, "/var/spool");

    write_file("x.conf", "");
    ck_assert_int_eq(load(), 0);
    snprintf(expected, sizeof(expected), "%s/exports.d", folder);
    ck_assert_str_eq(config->exports.directory, expected);
    ck_assert_str_eq(config->limits.spool_directory, "");
}
END_TEST

START_TEST(the_environment_overrides_the_file)
{
    write_file("x.conf", "[database]\nmax_exports = 3\ndsn = from-file\n");
    write_file("dsn", "from-variable\n");
    setenv("PGSLUICE_DATABASE_MAX_EXPORTS", "5", 1);
    setenv("PGSLUICE_DATABASE_DSN_FILE", "dsn", 1);
    setenv("PGSLUICE_SERVER_ADMIN_LISTEN", "", 1);
    setenv("PGSLUICE_ANONYMOUS_EXPORTS", "orders", 1);
    ck_assert_msg(load() == 0, "%s", err.message);
    ck_assert_int_eq(config->database.max_exports, 5);
    ck_assert_str_eq(config->database.dsn, "from-variable");
    ck_assert_str_eq(config->server.admin_listen, "");
    ck_assert(config->anonymous.given);

    setenv("PGSLUICE_DATABASE_DSN", "x", 1);
    ck_assert_int_eq(load(), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "PGSLUICE_DATABASE_DSN"));
    ck_assert_ptr_nonnull(strstr(err.message, "keep one"));
}
END_TEST

START_TEST(a_wrong_variable_is_refused_by_its_name)
{
    write_file("x.conf", "");
    setenv("PGSLUICE_SERVER_LISTN", "x", 1);
    ck_assert_int_eq(load(), -1);
    ck_assert_str_eq(err.message, "PGSLUICE_SERVER_LISTN: unknown environment variable; did you "
                                  "mean PGSLUICE_SERVER_LISTEN?");
    unsetenv("PGSLUICE_SERVER_LISTN");
    setenv("PGSLUICE_TOKEN_ROLE", "x", 1);
    ck_assert_int_eq(load(), -1);
    unsetenv("PGSLUICE_TOKEN_ROLE");
    setenv("PGSLUICE_LIMITS_MEMORY", "1", 1);
    ck_assert_int_eq(load(), -1);
    ck_assert_int_eq(strncmp(err.message, "PGSLUICE_LIMITS_MEMORY: memory", 30), 0);
    unsetenv("PGSLUICE_LIMITS_MEMORY");
    setenv("PGSLUICE_SERVER_ADMIN_LISTEN", "0.0.0.0:1", 1);
    ck_assert_int_eq(load(), -1);
    ck_assert_int_eq(strncmp(err.message, "PGSLUICE_SERVER_ADMIN_LISTEN: ", 30), 0);
}
END_TEST

START_TEST(the_file_is_the_one_named_first)
{
    write_file("x.conf", "[database]\nmax_exports = 3\n");
    setenv("PGSLUICE_CONFIG", "x.conf", 1);
    ck_assert_int_eq(sl_config_load(NULL, true, &config, &err), 0);
    ck_assert_str_eq(config->file, "x.conf");
    ck_assert_int_eq(config->database.max_exports, 3);
    sl_config_free(config);
    ck_assert_int_eq(sl_config_load("missing.conf", true, &config, &err), -1);
    ck_assert_int_eq(err.kind, SL_CONFIG);
    ck_assert_ptr_null(config);
}
END_TEST

START_TEST(without_a_file_everybody_on_this_machine_may_come)
{
    if (access(SL_DEFAULT_CONFIG, F_OK) == 0)
        return;
    ck_assert_int_eq(sl_config_load(NULL, true, &config, &err), 0);
    ck_assert_ptr_null(config->file);
    ck_assert(config->access.anonymous);
    ck_assert_str_eq(config->server.listen, "127.0.0.1:8080");
    ck_assert_str_eq(config->exports.directory, "exports.d");
    sl_config_free(config);
    setenv("PGSLUICE_ACCESS_ANONYMOUS", "off", 1);
    ck_assert_int_eq(sl_config_load(NULL, true, &config, &err), 0);
    ck_assert(!config->access.anonymous);
}
END_TEST

START_TEST(without_a_file_other_machines_come_only_when_that_is_said)
{
    if (access(SL_DEFAULT_CONFIG, F_OK) == 0)
        return;
    setenv("PGSLUICE_SERVER_LISTEN", "127.0.0.1:1,0.0.0.0:1", 1);
    ck_assert_int_eq(sl_config_load(NULL, true, &config, &err), -1);
    ck_assert_int_eq(err.kind, SL_CONFIG);
    ck_assert_int_eq(strncmp(err.message, "PGSLUICE_SERVER_LISTEN: ", 24), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "set PGSLUICE_ACCESS_ANONYMOUS=on"));
    ck_assert_int_eq(sl_config_load(NULL, false, &config, &err), 0); /* it serves nobody */
    sl_config_free(config);
    setenv("PGSLUICE_ACCESS_ANONYMOUS", "off", 1);
    ck_assert_int_eq(sl_config_load(NULL, true, &config, &err), 0);
    ck_assert(!config->access.anonymous);
    sl_config_free(config);
    setenv("PGSLUICE_ACCESS_ANONYMOUS", "on", 1);
    ck_assert_int_eq(sl_config_load(NULL, true, &config, &err), 0);
    ck_assert(config->access.anonymous);
}
END_TEST

START_TEST(an_empty_file_key_is_as_if_it_were_not_there)
{
    write_file("x.conf", "[database]\ndsn_file =\ndsn = from-file\n");
    setenv("PGSLUICE_DATABASE_DSN_FILE", "", 1);
    ck_assert_msg(load() == 0, "%s", err.message);
    ck_assert_str_eq(config->database.dsn, "from-file");
    setenv("PGSLUICE_DATABASE_DSN", "from-variable", 1);
    ck_assert_msg(load() == 0, "%s", err.message);
    ck_assert_str_eq(config->database.dsn, "from-variable");
}
END_TEST

START_TEST(patterns_match_whole_names)
{
    ck_assert(sl_pattern_list("orders", "orders"));
    ck_assert(sl_pattern_list(" users , report_* ", "report_2026"));
    ck_assert(sl_pattern_list("a\nb", "b"));
    ck_assert(sl_pattern_list("*", "anything"));
    ck_assert(sl_pattern_list("public.*", "public.orders"));
    ck_assert(!sl_pattern_list("", "orders"));
    ck_assert(!sl_pattern_list(",,", ""));
    ck_assert(!sl_pattern_list("order", "orders"));
    ck_assert(!sl_pattern_list("orders", "order"));
    ck_assert(!sl_pattern_list("a, b", "c"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tc = tcase_create("config");
    SRunner *sr = srunner_create(suite);

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_empty_file_means_the_documented_defaults);
    tcase_add_test(tc, every_kind_of_value_lands_in_its_place);
    tcase_add_test(tc, tokens_have_names_hashes_and_patterns);
    tcase_add_test(tc, unknown_names_are_refused_with_the_nearest_known_one);
    tcase_add_test(tc, a_key_given_twice_is_refused_with_the_first_line);
    tcase_add_test(tc, a_value_out_of_range_or_form_is_refused_with_advice);
    tcase_add_test(tc, secrets_are_not_quoted_in_messages);
    tcase_add_test(tc, what_contradicts_or_lacks_is_refused);
    tcase_add_test(tc, more_tokens_than_the_maximum_are_refused);
    tcase_add_test(tc, a_file_key_reads_the_file_without_its_last_newline);
    tcase_add_test(tc, server_secrets_are_left_alone_without_the_need);
    tcase_add_test(tc, relative_paths_are_relative_to_the_configuration_file);
    tcase_add_test(tc, the_environment_overrides_the_file);
    tcase_add_test(tc, a_wrong_variable_is_refused_by_its_name);
    tcase_add_test(tc, the_file_is_the_one_named_first);
    tcase_add_test(tc, without_a_file_everybody_on_this_machine_may_come);
    tcase_add_test(tc, without_a_file_other_machines_come_only_when_that_is_said);
    tcase_add_test(tc, an_empty_file_key_is_as_if_it_were_not_there);
    tcase_add_test(tc, patterns_match_whole_names);
    suite_add_tcase(suite, tc);
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
