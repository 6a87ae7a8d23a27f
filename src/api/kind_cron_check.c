/* Rules of CronJobs: pkg/apis/batch/validation of release 1.35.
 *
 * Named by their row in kind_batch.c; pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/cron.h"
#include "api/kind_job_check.h"
#include "api/kinds_check.h"
#include "base/arena.h"

enum { CRON_NAME_MAX = 52 /* 11 more are added for the Job */ };

static void
cron_check_schedule(const struct check_in *in, const struct field_path *path, struct causes *out)
{
    static const char both[] = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
    static const char inside[] = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
    struct val schedule = val_at(in->now, "spec.schedule"), zone = val_at(in->now, "spec.timeZone");
    struct cron cron;
    if (!check_has(schedule)) {
        check_required(out, path, "schedule", NULL);
        return;
    }
    const char *wrong = cron_parse(val_str(schedule), out->arena, &cron);
    bool may_have = str_contains(val_str(val_at(in->old, "spec.schedule")), STR("TZ"));
    bool has_zone = str_contains(val_str(schedule), STR("TZ"));
    if (wrong != NULL) {
        causes_add(out, CAUSE_INVALID, path, "schedule", schedule, "%s", wrong);
    }
    if (has_zone && (!may_have || val_is(zone))) {
        check_invalid(out, path, "schedule", schedule, may_have ? both : inside);
    }
}

/* The name's parts are letters, digits and ".-_+", none longer than 14. */
static bool
cron_is_zone_name(struct str name)
{
    static const char others[] = ".-_+";
    struct str rest = name;
    bool is_good = true;
    while (rest.at != NULL) {
        struct str part = str_cut(rest, '/', &rest);
        is_good = is_good && part.size > 0 && part.size <= 14 && part.at[0] != '-' &&
                  !str_is(part, ".") && !str_is(part, "..");
        for (size_t i = 0; i < part.size; i++) {
            char c = part.at[i];
            bool is_word =
                (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            is_good = is_good && (is_word || (c != 0 && strchr(others, c) != NULL));
        }
    }
    return is_good;
}

static void
cron_check_zone(struct val zone, const struct field_path *path, struct causes *out)
{
    struct str name = val_str(zone);
    if (!val_is(zone)) {
        return;
    }
    if (name.size == 0) {
        check_invalid(out, path, "timeZone", zone, "timeZone must be nil or non-empty string");
        return;
    }
    if (str_eq_nocase(name, STR("Local"))) {
        check_invalid(out, path, "timeZone", zone,
                      "timeZone must be an explicit time zone as defined in "
                      "https://www.iana.org/time-zones");
    }
    if (!str_is(name, "Local") && (!cron_is_zone_name(name) || !cron_knows_zone(name))) {
        causes_add(out, CAUSE_INVALID, path, "timeZone", zone, "unknown time zone " STR_FMT,
                   STR_ARG(name));
    }
}

static void
cron_check_template(struct val spec, const struct field_path *path, struct causes *out)
{
    struct field_path template_at = check_at(path, "jobTemplate");
    struct field_path at = check_at(&template_at, "spec");
    struct val job = val_at(spec, "jobTemplate.spec");
    struct val manual = val_get(job, "manualSelector");
    kind_job_check_template(job, &at, out);
    if (val_is(val_get(job, "selector"))) {
        check_invalid(out, &at, "selector", val_get(job, "selector"),
                      "`selector` will be auto-generated");
    }
    if (val_bool(manual, false)) {
        static const char *const values[] = { "nil", "false", NULL };
        causes_add_enum(out, &at, "manualSelector", manual, values);
    }
}

static void
cron_check_spec(const struct check_in *in, struct causes *out)
{
    static const char *const policies[] = { "Allow", "Forbid", "Replace", NULL };
    struct field_path path = check_at(NULL, "spec");
    struct val spec = val_get(in->now, "spec");
    cron_check_schedule(in, &path, out);
    check_nonnegative(out, &path, "startingDeadlineSeconds",
                      val_get(spec, "startingDeadlineSeconds"));
    if (!val_is(in->old) ||
        !check_same(val_get(spec, "timeZone"), val_at(in->old, "spec.timeZone"))) {
        cron_check_zone(val_get(spec, "timeZone"), &path, out);
    }
    check_enum(out, &path, "concurrencyPolicy", val_get(spec, "concurrencyPolicy"), policies);
    cron_check_template(spec, &path, out);
    check_nonnegative(out, &path, "successfulJobsHistoryLimit",
                      val_get(spec, "successfulJobsHistoryLimit"));
    check_nonnegative(out, &path, "failedJobsHistoryLimit",
                      val_get(spec, "failedJobsHistoryLimit"));
}

/* ValidateCronJobCreate */
void
kind_cron_check(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "metadata");
    struct val name = val_at(in->now, "metadata.name");
    cron_check_spec(in, out);
    if (val_str(name).size > CRON_NAME_MAX) {
        check_invalid(out, &path, "name", name, "must be no more than 52 characters");
    }
}

/* ValidateCronJobUpdate */
void
kind_cron_check_update(struct check_in *in, struct causes *out)
{
    if (in->subresource == NULL) {
        cron_check_spec(in, out);
    }
}
