/* Hides from a process what its processor has beyond x86-64 level LEVEL (2, 3 or 4): loaded by LD_PRELOAD.

   Linux can have the CPUID instruction fault (arch_prctl(2), ARCH_CPUID). The handler of that signal executes it in
   the process's place and takes the features away, so that every library chooses as on a machine without them.
   The compilers that a process starts inherit it. Libraries ask when they are loaded, and none of those measured
   while it trains or predicts: the signals cost nothing there. */

#define _GNU_SOURCE
#include <cpuid.h>
#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012
#define BIT(n) (1u << (n))
#define BEYOND 5 /* no level has it */

static const struct {
    unsigned level, leaf, subleaf, eax, ebx, ecx, edx;
} FEATURES[] = {
    /* FMA MOVBE AVX F16C */
    {3, 1, 0, 0, 0, BIT(12) | BIT(22) | BIT(28) | BIT(29), 0},
    /* BMI1 AVX2 BMI2; VAES VPCLMULQDQ */
    {3, 7, 0, 0, BIT(3) | BIT(5) | BIT(8), BIT(9) | BIT(10), 0},
    /* LZCNT XOP FMA4 */
    {3, 0x80000001, 0, 0, 0, BIT(5) | BIT(11) | BIT(16), 0},
    /* AVX512F DQ CD BW VL */
    {4, 7, 0, 0, BIT(16) | BIT(17) | BIT(28) | BIT(30) | BIT(31), 0, 0},
    /* AVX512_IFMA PF ER; VBMI VBMI2 VNNI BITALG VPOPCNTDQ; 4VNNIW 4FMAPS VP2INTERSECT AMX_BF16 FP16 AMX_TILE AMX_INT8 */
    {BEYOND, 7, 0, 0, BIT(21) | BIT(26) | BIT(27), BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14),
     BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25)},
    /* AVX_VNNI AVX512_BF16 AMX_FP16 AVX_IFMA; AVX_VNNI_INT8 AVX_NE_CONVERT AMX_COMPLEX AVX_VNNI_INT16 AVX10 */
    {BEYOND, 7, 1, BIT(4) | BIT(5) | BIT(21) | BIT(23), 0, 0, BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19)},
};

static struct sigaction theirs; /* what the process itself would do at a segmentation fault */
static volatile sig_atomic_t handed_over; /* there was one: from here on the signal is the process's own */

static int real_sigaction(int number, const struct sigaction *action, struct sigaction *before) {
    static int (*function)(int, const struct sigaction *, struct sigaction *);
    if (!function)
        function = (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(RTLD_NEXT, "sigaction");
    return function(number, action, before);
}

static void execute_cpuid(greg_t *registers) {
    unsigned leaf = registers[REG_RAX], subleaf = registers[REG_RCX], eax, ebx, ecx, edx;
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1);
    __cpuid_count(leaf, subleaf, eax, ebx, ecx, edx);
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0);
    for (size_t i = 0; i < sizeof FEATURES / sizeof *FEATURES; i++)
        if (FEATURES[i].level > LEVEL && FEATURES[i].leaf == leaf && (leaf != 7 || FEATURES[i].subleaf == subleaf)) {
            eax &= ~FEATURES[i].eax;
            ebx &= ~FEATURES[i].ebx;
            ecx &= ~FEATURES[i].ecx;
            edx &= ~FEATURES[i].edx;
        }
    registers[REG_RAX] = eax;
    registers[REG_RBX] = ebx;
    registers[REG_RCX] = ecx;
    registers[REG_RDX] = edx;
}

static void on_fault(int number, siginfo_t *information, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *instruction = (const unsigned char *)registers[REG_RIP];
    if (information->si_code == SI_KERNEL && instruction[0] == 0x0f && instruction[1] == 0xa2) {
        execute_cpuid(registers);
        registers[REG_RIP] += 2;
        return;
    }
    handed_over = 1;
    real_sigaction(number, &theirs, NULL); /* the instruction is tried again, and faults into their hands */
}

/* Libraries and compilers that catch the signal for reports of their own must not take it away. */
int sigaction(int number, const struct sigaction *action, struct sigaction *before) {
    if (number != SIGSEGV || handed_over)
        return real_sigaction(number, action, before);
    struct sigaction old = theirs;
    if (action)
        theirs = *action;
    if (before)
        *before = old;
    return 0;
}

sighandler_t signal(int number, sighandler_t handler) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, before;
    return sigaction(number, &action, &before) ? SIG_ERR : before.sa_handler;
}

__attribute__((constructor)) static void hide(void) {
    static const char complaint[] = "this processor cannot hide its features\n";
    struct sigaction ours = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    if (real_sigaction(SIGSEGV, &ours, &theirs) == 0 && syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0) == 0)
        return;
    if (write(2, complaint, sizeof complaint - 1) > 0)
        _exit(111);
    _exit(111);
}
