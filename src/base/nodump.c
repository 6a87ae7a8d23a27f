/* Core dumps off.  Called by the mains of both programs before they read anything. */
#include "config.h" /* IWYU pragma: keep */

#include "base/nodump.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void
nodump(void)
{
    struct rlimit core;
    /* The soft limit only: a container's own limit is its affair. Neither can fail for what is asked
     * here; a kernel that refused would leave us as we were. */
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = 0;
        (void)setrlimit(RLIMIT_CORE, &core);
    }
#ifndef __SANITIZE_ADDRESS__ /* its leak check looks at the process from a child */
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}
