/* Which of the instruction sets of x86-64 the processor has and the system lets programs use. Asks the processor
   itself: what compilers bring for this is not in all of them. */

#if defined(__x86_64__)
#include <cpuid.h>

/* Lets numbers too small to be normal count as zeros, for the thread that asks: what a velocity decays to would take the
   processor a hundred times as long. Returns the settings before. */
static unsigned long skip_denormals(void) {
    unsigned before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040);
    return before;
}

static void restore(unsigned long settings) { __builtin_ia32_ldmxcsr((unsigned)settings); }

#define HAS(word, bits) (((word) & (bits)) == (bits))

/* Which registers the system saves when it switches programs: bits 1 and 2 for AVX, 5 to 7 for AVX-512. */
static unsigned saved_registers(void) {
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* 4, 3 or 2 as in x86-64-v4; 0 for less. */
int processor_level(void) {
    unsigned a, b, c, d, b7, c7, d7, c_extended;
    unsigned second = bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !HAS(c, second)) return 0;
    if (!HAS(c, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C | bit_MOVBE) || !HAS(saved_registers(), 0x6)) return 2;
    if (!__get_cpuid(0x80000001, &a, &b, &c_extended, &d) || !HAS(c_extended, bit_LZCNT)) return 2;
    if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d7) || !HAS(b7, bit_AVX2 | bit_BMI | bit_BMI2)) return 2;
    unsigned wide = bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
    return HAS(b7, wide) && HAS(saved_registers(), 0xe6) ? 4 : 3;
}
#else
int processor_level(void) { return 0; }

static unsigned long skip_denormals(void) {
    unsigned long before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | 1ul << 24));
    return before;
}

static void restore(unsigned long settings) { __asm__ volatile("msr fpcr, %0" : : "r"(settings)); }
#endif
