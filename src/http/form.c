#include "http/form.h"

#include <string.h>

#include "base/units.h"
#include "http/input.h"
#include "http/link.h"
#include "http/page.h"

/* Options that a person has a use for; values NULL: any text. */
static const struct option {
    const char *name;
    const char *label;
    const char *hint;
    const char *values; /* words with blanks between them */
} options[] = {
    {"_columns", "Columns", "Names with commas between them; all when left out.", NULL},
    {"_order", "Order", "Columns with commas between them; a minus before one: descending.", NULL},
    {"_limit", "Rows at most", "All when left out.", ""},
    {"_header", "First line", "Names of the columns, their labels, or none.", "names labels off"},
    {"_dialect", "Kind of CSV", "For .csv only: excel is for spreadsheets.",
     "postgres excel django"},
    {"_locale", "Spreadsheet's locale",
     "For excel: whose delimiter and decimal sign, such as de_DE.", NULL},
    {"_timezone", "Time zone", "Such as Europe/Berlin.", NULL},
};

static const struct option filter_option = {
    "_filter", "Another filter", "COLUMN__LOOKUP=VALUE, such as total__gte=5 or status!=paid.",
    NULL};

/* "total__gte=5" becomes an argument of that name. */
static int read_filter(struct sl_asked_page *asked, const char *text, struct sl_error *err)
{
    const char *equals = strchr(text, '=');
    size_t len = equals == NULL ? 0 : (size_t)(equals - text);

    asked->filter = text;
    if (text[0] == '\0')
        return 0;
    if (len == 0 || len >= sizeof(asked->filter_name) || text[0] == '_')
        return sl_error_param(err, "_filter", "_filter is COLUMN__LOOKUP=VALUE");
    memcpy(asked->filter_name, text, len);
    asked->filter_name[len] = '\0';
    asked->arg[asked->args.n++] = (struct sl_arg){asked->filter_name, equals + 1};
    return 0;
}

int sl_form_read(const struct sl_args *args, struct sl_asked_page *asked, struct sl_error *err)
{
    int rc = 0;

    asked->action = "";
    asked->filter = "";
    asked->format = sl_formats;
    asked->args = (struct sl_args){.v = asked->arg};
    for (size_t i = 0; i < args->n && asked->args.n < SL_MAX_ARGS; i++) {
        const struct sl_arg *arg = &args->v[i];
        const struct sl_format *format = sl_format_find(arg->value);

        if (strcmp(arg->name, "_do") == 0) {
            asked->action = arg->value;
        } else if (strcmp(arg->name, "_filter") == 0 && asked->filter[0] == '\0') {
            rc = read_filter(asked, arg->value, err) != 0 ? -1 : rc;
        } else if (strcmp(arg->name, "_format") != 0) {
            if (arg->value[0] != '\0')
                asked->arg[asked->args.n++] = *arg;
        } else if (format != NULL) {
            asked->format = format;
        } else {
            rc = sl_error_param(err, "_format", "_format is " SL_FORMATS);
        }
    }
    if (rc == 0 && asked->action[0] != '\0' && strcmp(asked->action, "download") != 0 &&
        strcmp(asked->action, "preview") != 0)
        rc = sl_error_param(err, "_do", "_do is download or preview");
    return rc;
}

static const char *entered(const struct sl_asked_page *asked, const char *name)
{
    if (strcmp(name, "_filter") == 0)
        return asked->filter;
    for (size_t i = 0; i < asked->args.n; i++)
        if (strcmp(asked->args.v[i].name, name) == 0)
            return asked->args.v[i].value;
    return "";
}

static int put_choice(struct sl_buf *html, const char *value, const char *text, bool chosen)
{
    return sl_page_put(html,
                       chosen ? "<option value=\"%s\" selected>%s</option>"
                              : "<option value=\"%s\">%s</option>",
                       value, text);
}

/* What a control has beside its value: its name, what describes it, whether it is wrong. */
static int put_attributes(struct sl_buf *html, const char *name, bool wrong, bool required)
{
    if (sl_page_put(html,
                    wrong ? " id=\"in-%s\" name=\"%s\" aria-describedby=\"hint-%s wrong-%s\" "
                            "aria-invalid=\"true\""
                          : " id=\"in-%s\" name=\"%s\" aria-describedby=\"hint-%s wrong-%s\"",
                    name, name, name, name) != 0)
        return -1;
    return required ? sl_buf_puts(html, " required") : 0;
}

static int put_bool(struct sl_buf *html, const struct sl_param *param, const char *value,
                    bool wrong, bool required)
{
    bool yes = false;
    bool known = value[0] != '\0' && sl_parse_bool(value, &yes) == 0;

    if (sl_buf_puts(html, "<select") != 0 ||
        put_attributes(html, param->name, wrong, required) != 0 || sl_buf_putc(html, '>') != 0 ||
        put_choice(html, "", "\342\200\223", value[0] == '\0') != 0 ||
        put_choice(html, "true", "true", known && yes) != 0 ||
        put_choice(html, "false", "false", known && !yes) != 0)
        return -1;
    if (value[0] != '\0' && !known && put_choice(html, value, value, true) != 0)
        return -1;
    return sl_buf_puts(html, "</select>");
}

static int put_input(struct sl_buf *html, const struct sl_param *param, const char *value,
                     bool wrong, bool required)
{
    const struct sl_input *input = sl_input_of(param->type);
    const char *step = "";

    if (input->control == SL_CONTROL_BOOL)
        return put_bool(html, param, value, wrong, required);
    if (input->control == SL_CONTROL_NUMBER)
        step = " step=\"any\"";
    else if (input->control == SL_CONTROL_MOMENT || input->control == SL_CONTROL_TIME)
        step = " step=\"1\"";
    if (sl_page_put(html, "<input type=\"%s\" value=\"%s\" autocomplete=\"off\"",
                    sl_input_type(input, value), value) != 0 ||
        sl_buf_puts(html, step) != 0 || put_attributes(html, param->name, wrong, required) != 0)
        return -1;
    return sl_buf_putc(html, '>');
}

/* What is known of a parameter beside its name, in sentences. */
static int put_hint(struct sl_buf *html, const struct sl_param *param, bool required)
{
    const char *text = param->text;
    size_t len = strlen(text);
    bool sentence = len > 0 && strchr(".!?", text[len - 1]) != NULL;

    if (sl_page_put(html, "<p class=\"hint\" id=\"hint-%s\">%s%s", param->name, text,
                    len > 0 && !sentence ? ". " : " ") != 0)
        return -1;
    if (sl_input_of(param->type)->control == SL_CONTROL_LIST &&
        sl_page_put(html, "A list, such as <code>%s</code>. ", "{1,2}") != 0)
        return -1;
    if (param->default_value != NULL) {
        if (sl_page_put(html, "When left out: <code>%s</code>.", param->default_value) != 0)
            return -1;
    } else if (!required && sl_buf_puts(html, "May be left out.") != 0) {
        return -1;
    }
    return sl_buf_puts(html, "</p>");
}

static int put_wrong(struct sl_buf *html, const char *name, const struct sl_error *err)
{
    bool wrong = err != NULL && strcmp(err->parameter, name) == 0;

    return sl_page_put(html, "<p class=\"wrong\" id=\"wrong-%s\">%s</p></div>\n", name,
                       wrong ? err->message : "");
}

static int put_param(struct sl_buf *html, const struct sl_param *param,
                     const struct sl_asked_page *asked, const struct sl_error *err)
{
    bool required = !param->nullable && param->default_value == NULL;
    bool wrong = err != NULL && strcmp(err->parameter, param->name) == 0;

    if (sl_page_put(html,
                    "<div class=\"field\"><label for=\"in-%s\">%s</label> "
                    "<span class=\"type\">%s%s</span>",
                    param->name, param->name, param->type, required ? ", required" : "") != 0)
        return -1;
    if (put_hint(html, param, required) != 0 ||
        put_input(html, param, entered(asked, param->name), wrong, required) != 0)
        return -1;
    return put_wrong(html, param->name, err);
}

/* The words of a list, and a value that is none of them. */
static int put_words(struct sl_buf *html, const char *words, const char *value)
{
    char word[16];
    bool found = value[0] == '\0';

    if (put_choice(html, "", "\342\200\223", value[0] == '\0') != 0)
        return -1;
    while (*words != '\0') {
        size_t n = strcspn(words, " ");

        memcpy(word, words, n);
        word[n] = '\0';
        if (put_choice(html, word, word, strcmp(word, value) == 0) != 0)
            return -1;
        found = found || strcmp(word, value) == 0;
        words += n + (words[n] == ' ');
    }
    return found ? 0 : put_choice(html, value, value, true);
}

static int put_option(struct sl_buf *html, const struct option *option,
                      const struct sl_asked_page *asked, const struct sl_error *err)
{
    const char *value = entered(asked, option->name);
    bool wrong = err != NULL && strcmp(err->parameter, option->name) == 0;
    bool list = option->values != NULL && option->values[0] != '\0';

    if (sl_page_put(html,
                    "<div class=\"field\"><label for=\"in-%s\">%s</label>"
                    "<p class=\"hint\" id=\"hint-%s\">%s</p>",
                    option->name, option->label, option->name, option->hint) != 0)
        return -1;
    if (list ? sl_buf_puts(html, "<select") != 0
             : sl_page_put(html, "<input type=\"%s\" value=\"%s\" autocomplete=\"off\"",
                           option->values == NULL ? "text" : "number", value) != 0)
        return -1;
    if (put_attributes(html, option->name, wrong, false) != 0 || sl_buf_putc(html, '>') != 0)
        return -1;
    if (list &&
        (put_words(html, option->values, value) != 0 || sl_buf_puts(html, "</select>") != 0))
        return -1;
    return put_wrong(html, option->name, err);
}

static int put_options(struct sl_buf *html, const struct sl_asked_page *asked,
                       const struct sl_error *err)
{
    bool open = false;

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        open = open || entered(asked, options[i].name)[0] != '\0';
    if (sl_buf_puts(html, open ? "<details open>" : "<details>") != 0 ||
        sl_buf_puts(html, "<summary>More options</summary>\n<div class=\"fields\">\n") != 0)
        return -1;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (put_option(html, &options[i], asked, err) != 0)
            return -1;
    return sl_buf_puts(html, "</div>\n</details>\n");
}

static int put_buttons(struct sl_buf *html, const struct sl_asked_page *asked)
{
    if (sl_buf_puts(html, "<div class=\"row actions\"><label for=\"format\">Format</label>"
                          "<select id=\"format\" name=\"_format\">") != 0)
        return -1;
    for (const struct sl_format *format = sl_formats; format->name != NULL; format++)
        if (put_choice(html, format->name, format->name, format == asked->format) != 0)
            return -1;
    return sl_buf_puts(html,
                       "</select>\n"
                       "<button class=\"main\" name=\"_do\" value=\"download\">Download</button>\n"
                       "<button name=\"_do\" value=\"preview\">Preview</button></div>\n</form>\n");
}

int sl_form_put(struct sl_buf *html, const struct sl_export *export, bool is_table,
                const struct sl_asked_page *asked, const struct sl_error *err)
{
    if (sl_buf_puts(html, "<form id=\"form\" class=\"card\" method=\"get\" action=\"") != 0 ||
        sl_link_escape(html, export->name) != 0 ||
        sl_buf_puts(html, ".html\">\n<div class=\"fields\">\n") != 0)
        return -1;
    for (size_t i = 0; i < export->n_params; i++)
        if (put_param(html, &export->params[i], asked, err) != 0)
            return -1;
    if (is_table && put_option(html, &filter_option, asked, err) != 0)
        return -1;
    if (sl_buf_puts(html, "</div>\n") != 0 || put_options(html, asked, err) != 0)
        return -1;
    return put_buttons(html, asked);
}
