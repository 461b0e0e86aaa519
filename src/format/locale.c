#include "format/locale.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * Unicode CLDR 42, the decimal sign of Latin digits.  Languages, each with a blank
 * behind it.
 */
static const char comma[] =
    "af agq ast az bas be bg br bs ca cs da de dsb dua dyo el eo es et eu ewo ff fi fo fr fur fy "
    "gl hr hsb hu hy ia id is it jgo jv ka kab kea kgp kk kkj kl km ksf ksh ku ky lb ln lo lt lu "
    "lv mgh mk mua nb nds nl nmg nn nnh no os pl ps pt rn ro ru rw sah sc se seh sg shi sk sl smn "
    "sq sr su sv tg tk tr tt tzm uk uz vi wae wo yav yrl zgh ";
static const char point[] =
    "ak am ar as asa bem bez bm bn bo brx ccp ce ceb cgg chr ckb cy dav dje doi dz ebu ee en fa "
    "fil ga gd gsw gu guz gv ha haw he hi ig ii ja jmc kam kde khq ki kln kn ko kok ks ksb kw lag "
    "lg lkt lrc luo luy mai mas mer mfe mg mgo mi ml mn mni mr ms mt my mzn naq nd ne nus nyn om "
    "or pa pcm qu rm rof rwk sa saq sat sbp sd ses si sn so sw ta te teo th ti to twq ug ur vai "
    "vun xh xog yi yo yue zh zu ";

/* Regions that do not write as their language does. */
static const char comma_too[] =
    "ar_DZ ar_LB ar_LY ar_MA ar_MR ar_TN en_AT en_BE en_DE en_DK en_FI en_NL en_SE en_SI "
    "en_ZA ms_BN ms_ID qu_BO sw_CD ";
static const char point_too[] =
    "de_CH de_LI es_419 es_BR es_BZ es_CU es_DO es_GT es_HN es_MX es_NI es_PA es_PE es_PR "
    "es_SV es_US it_CH ";

#define LANGUAGE_MAX 3 /* letters of ISO 639 */
#define REGION_MAX 3   /* two letters of ISO 3166 or three digits of UN M.49 */
#define KEY_SIZE (LANGUAGE_MAX + 1 + REGION_MAX + 1)
#define NAME_MAX_BYTES 64

static bool letters_or_digits(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') ||
              (p[i] >= '0' && p[i] <= '9')))
            return false;
    return n > 0;
}

static bool is_region(const char *p, size_t n)
{
    bool digit = p[0] >= '0' && p[0] <= '9';

    return n == (digit ? 3 : 2);
}

/* Is it one of the words, in either case? */
static bool among(const char *words, const char *word, size_t n)
{
    for (const char *p = words; *p != '\0'; p = strchr(p, ' ') + 1)
        if (strncasecmp(p, word, n) == 0 && p[n] == ' ')
            return true;
    return false;
}

/*
 * "de_AT" of "de-Latn-AT.UTF-8": what the tables have, in `key`.  *language is the length
 * of its first part.  false: no name of a locale.
 */
static bool read_name(const char *name, char key[KEY_SIZE], size_t *language)
{
    size_t len = strcspn(name, ".@");
    size_t n = strcspn(name, "-_.@");
    const char *region = "";
    size_t region_len = 0;
    bool extended = false; /* what follows a single letter is of an extension (RFC 5646) */

    if (strlen(name) > NAME_MAX_BYTES || n > LANGUAGE_MAX || !letters_or_digits(name, n))
        return false;
    *language = n;
    for (const char *p = name + n; p < name + len; p += n) {
        n = strcspn(++p, "-_.@");
        if (!letters_or_digits(p, n))
            return false;
        extended = extended || n == 1;
        if (region_len == 0 && !extended && is_region(p, n)) {
            region = p;
            region_len = n;
        }
    }
    snprintf(key, KEY_SIZE, "%.*s_%.*s", (int)*language, name, (int)region_len, region);
    return true;
}

bool sl_locale_decimal(const char *name, char *decimal)
{
    char key[KEY_SIZE];
    size_t language;

    *decimal = '.';
    if (strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0)
        return true;
    if (!read_name(name, key, &language))
        return false;
    size_t len = strlen(key);
    bool writes_point = among(point_too, key, len) || among(point, key, language);
    bool writes_comma = among(comma_too, key, len) || among(comma, key, language);
    if (writes_point && writes_comma) /* the region's word counts */
        writes_comma = among(comma_too, key, len);
    *decimal = writes_comma ? ',' : '.';
    return writes_point || writes_comma;
}
