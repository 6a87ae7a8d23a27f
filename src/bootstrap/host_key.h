/* SSH host keys as people and files write them.  Pure. */
#ifndef BINNACLE_BOOTSTRAP_HOST_KEY_H
#define BINNACLE_BOOTSTRAP_HOST_KEY_H

#include <stdbool.h>

#include "base/str.h"

struct arena;

/* "ssh-ed25519 AAAA…" of a key as it travels (RFC 4253: its type stands in front); absent when it
 * is none. */
struct str host_key_text(struct str blob, struct arena *arena);
/* "SHA256:…" as ssh-keygen -l prints it, of a text as above; absent when it is none. */
struct str host_key_fingerprint(struct str text, struct arena *arena);
/* The type of a text: all before its blank. */
struct str host_key_type(struct str text);
/* Is `wanted` (a text or a fingerprint) this key? */
bool host_key_is(struct str text, struct str wanted, struct arena *arena);

#endif
