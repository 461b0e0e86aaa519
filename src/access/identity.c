#include "access/identity.h"

#include <string.h>

#include "base/units.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789$"

static int check_role(const struct sl_config *config, const char *role, struct sl_error *err)
{
    /* SET ROLE none means the login itself: it would undo the role of an export. */
    if (strcmp(role, "none") == 0 || strlen(role) > SL_IDENTITY_NAME_MAX ||
        !sl_utf8_valid(role, strlen(role)))
        return sl_error_set(err, SL_FORBIDDEN, "this cannot be the name of a role");
    if (!sl_pattern_list(config->access.grant_roles, role))
        return sl_error_set(err, SL_FORBIDDEN,
                            "the role %s is not allowed: no pattern of [access] grant_roles "
                            "matches it",
                            role);
    return 0;
}

/* Two or more names with dots between them, as PostgreSQL wants custom settings to be named. */
static bool is_custom_name(const char *name)
{
    size_t parts = 0;

    if (strlen(name) > SL_IDENTITY_NAME_MAX)
        return false;
    for (;;) {
        if (strspn(name, LETTERS) == 0)
            return false;
        name += strspn(name, LETTERS DIGITS);
        parts++;
        if (*name != '.')
            return *name == '\0' && parts >= 2;
        name++;
    }
}

static int check_setting(const struct sl_config *config, const struct sl_setting *setting,
                         struct sl_error *err)
{
    if (!is_custom_name(setting->name))
        return sl_error_set(err, SL_FORBIDDEN,
                            "a setting's name is letters, digits and _ with a dot, such as "
                            "pgsluice.user_id");
    if (!sl_pattern_list(config->access.row_settings, setting->name))
        return sl_error_set(err, SL_FORBIDDEN,
                            "the setting %s is not allowed: no pattern of [access] row_settings "
                            "matches it",
                            setting->name);
    if (strlen(setting->value) > SL_IDENTITY_VALUE_MAX ||
        !sl_utf8_valid(setting->value, strlen(setting->value)))
        return sl_error_set(err, SL_FORBIDDEN,
                            "the value of the setting %s is not UTF-8 of at most %d bytes",
                            setting->name, SL_IDENTITY_VALUE_MAX);
    return 0;
}

int sl_identity_settings(json_t *object, const char *what,
                         struct sl_setting settings[SL_MAX_ROW_SETTINGS], size_t *n_settings,
                         struct sl_error *err)
{
    const char *name;
    json_t *value;

    *n_settings = 0;
    if (object != NULL && !json_is_object(object))
        return sl_error_set(err, SL_BAD_REQUEST, "%s's settings is no object of strings", what);
    json_object_foreach(object, name, value)
    {
        if (!json_is_string(value))
            return sl_error_set(err, SL_BAD_REQUEST, "%s's settings: %.*s is no string", what,
                                sl_utf8_fit(name, SL_NAME_SHOWN), name);
        if (*n_settings == SL_MAX_ROW_SETTINGS)
            return sl_error_set(err, SL_BAD_REQUEST, "%s has more than %d settings", what,
                                SL_MAX_ROW_SETTINGS);
        settings[(*n_settings)++] = (struct sl_setting){name, json_string_value(value)};
    }
    return 0;
}

int sl_identity_check(const struct sl_config *config, const char *role,
                      const struct sl_setting *settings, size_t n_settings, struct sl_error *err)
{
    if (role != NULL && role[0] != '\0' && check_role(config, role, err) != 0)
        return -1;
    if (n_settings > SL_MAX_ROW_SETTINGS)
        return sl_error_set(err, SL_FORBIDDEN, "more than %d settings", SL_MAX_ROW_SETTINGS);
    for (size_t i = 0; i < n_settings; i++) {
        if (check_setting(config, &settings[i], err) != 0)
            return -1;
    }
    return 0;
}
