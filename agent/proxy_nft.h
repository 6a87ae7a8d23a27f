/* The nft table `binnacle` of this node: who claims which items, and the input of nft that brings the
 * kernel from one state to the next.  Pure but for its own state. */
#ifndef BINNACLE_AGENT_PROXY_NFT_H
#define BINNACLE_AGENT_PROXY_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct proxy_items;
struct proxy_nft;
struct str_builder;

struct proxy_nft *proxy_nft_new(void);
void proxy_nft_free(struct proxy_nft *nft); /* NULL allowed */
/* Pods of this node; absent: they are not ours, and nothing is masqueraded for them. */
void proxy_nft_pod_cidr(struct proxy_nft *nft, struct str cidr);
/* From now on these are the items of that owner (a Service's "namespace/name", or another name of the
 * caller's). They are sorted; their arena is taken. Of several owners of one element, which may map to
 * different things, the first by name has it. */
void proxy_nft_set(struct proxy_nft *nft, struct str owner, struct proxy_items *items);
/* One transaction from what was written before to what is claimed now; false: nothing to do. The first
 * one, and each after proxy_nft_lost, replaces the whole table. */
bool proxy_nft_write(struct proxy_nft *nft, int64_t now_ms, struct str_builder *out);
/* What the kernel has is not known: a transaction failed, or somebody else was there. */
void proxy_nft_lost(struct proxy_nft *nft);
/* When there is something to remove that had to wait; INT64_MAX: nothing. */
int64_t proxy_nft_due_ms(const struct proxy_nft *nft);

#endif
