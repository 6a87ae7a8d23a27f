/* Between the files of proxy_nft. */
#ifndef BINNACLE_AGENT_PROXY_NFT_PRIV_H
#define BINNACLE_AGENT_PROXY_NFT_PRIV_H

struct str_builder;

#define PROXY_NFT_TABLE "ip binnacle"

/* The table with everything that does not depend on services, replacing what is there. pod_cidr NULL:
 * no pods of ours. */
void proxy_nft_base(const char *pod_cidr, struct str_builder *out);

#endif
