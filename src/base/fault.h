/* Named fault points, empty in release builds (--enable-faults turns them on).  Any thread. */
#ifndef BINNACLE_BASE_FAULT_H
#define BINNACLE_BASE_FAULT_H

struct err;

#ifdef BINNACLE_FAULTS
/* 0, or -1 with *err set when the armed kind is "error"; delays or kills (SIGKILL) the process
 * itself for the other kinds. */
int fault_hit(const char *name, struct err **err);
/* Arms from text: "store.commit.before_fsync=kill@3" (the third hit only; every hit without @),
 * "…=error", "…=delay:50" (ms); a name alone disarms; commas between several. -1 when the text is
 * wrong; what stood before the wrong part is armed. */
int fault_arm(const char *text, struct err **err);
/* Arms what BINNACLE_FAULTS says in the environment: serve and agent, as they start. */
int fault_arm_environment(struct err **err);
#define FAULT(name, err) fault_hit((name), (err))
#else
#define FAULT(name, err) (0)
static inline int
fault_arm_environment(struct err **err)
{
    (void)err;
    return 0;
}
#endif

#endif
