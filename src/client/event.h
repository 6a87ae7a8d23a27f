/* Recording Events with client-go's aggregation and spam filter.  Loop thread. */
#ifndef BINNACLE_CLIENT_EVENT_H
#define BINNACLE_CLIENT_EVENT_H

#include "base/str.h"

struct client;
struct loop;
struct object;
struct recorder;

enum event_type { EVENT_NORMAL, EVENT_WARNING };
/* component: source.component and reportingComponent; host: source.host, may be NULL. */
struct recorder *event_recorder(struct loop *loop, struct client *client, const char *component,
                                const char *host);
void event_recorder_free(struct recorder *recorder);
struct event_regarding {
    struct str kind, api_version, ns, name, uid, rv, field_path;
};
struct event_regarding event_of(const struct object *object);
/* Never awaited; dropped when 1,000 wait or the spam filter (25 burst, 1 per 300 s) says so. */
void event_record(struct recorder *recorder, const struct event_regarding *regarding,
                  enum event_type type, const char *reason, const char *action, struct str note);

#endif
