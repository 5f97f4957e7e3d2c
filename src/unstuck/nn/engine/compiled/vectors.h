/* Sixty-four bytes of numbers at a time, in the vector types of GCC and Clang; REAL is float or double. */

#include <stdint.h>
#include <string.h>

typedef REAL vector __attribute__((vector_size(64), aligned(sizeof(REAL)), may_alias));

#define LANES ((long)(sizeof(vector) / sizeof(REAL)))

#if REAL_BITS == 32
typedef int32_t integers __attribute__((vector_size(64)));
#define MANTISSA 23
#define BIAS 127
#define ROUNDING 12582912.0f          /* 1.5 * 2^23: added and taken away again, it leaves a whole number */
#define LARGEST_EXPONENT 87.0f
#define ENOUGH 20.0f                  /* (exp(z) - 1) / (exp(z) + 1) is 1 to rounding from here on */
#define TERMS 8
#else
typedef int64_t integers __attribute__((vector_size(64)));
#define MANTISSA 52
#define BIAS 1023
#define ROUNDING 6755399441055744.0   /* 1.5 * 2^52 */
#define LARGEST_EXPONENT 708.0
#define ENOUGH 40.0
#define TERMS 14
#endif

static inline vector load(const REAL *from) { return *(const vector *)from; }
static inline void store(REAL *to, vector v) { *(vector *)to = v; }
static inline vector splat(REAL value) { return value - (vector){0}; }
static inline vector choose(integers mask, vector yes, vector no) {
    return (vector)(((integers)yes & mask) | ((integers)no & ~mask));
}
static inline vector larger(vector a, vector b) { return choose(a < b, b, a); }    /* a where it is NaN */
static inline vector smaller(vector a, vector b) { return choose(a > b, b, a); }

static inline REAL sum_of(vector v) {
    REAL sum[LANES];
    store(sum, v);
    for (long n = LANES / 2; n; n /= 2)
        for (long i = 0; i < n; i++) sum[i] += sum[i + n];
    return sum[0];
}

static inline REAL largest_of(vector v) {
    REAL largest[LANES];
    store(largest, v);
    for (long n = LANES / 2; n; n /= 2)
        for (long i = 0; i < n; i++) largest[i] = largest[i] < largest[i + n] ? largest[i + n] : largest[i];
    return largest[0];
}

/* exp(z) - 1 without cancellation near 0: z = k log 2 + r, and exp(r) - 1 by its Taylor series for |r| <= log(2) / 2.
   Arguments beyond the range of the exponential count as its ends; NaN stays NaN. */
static inline vector expm1_of(vector z) {
    const REAL high = (REAL)0.693359375, low = (REAL)-2.121944400546905827679e-4;    /* log 2 in two parts */
    z = smaller(larger(z, splat(-LARGEST_EXPONENT)), splat(LARGEST_EXPONENT));
    vector k = (z * (REAL)1.44269504088896340736 + ROUNDING) - ROUNDING;
    vector r = z - k * high - k * low;
    vector series = splat(1);
    for (int i = TERMS; i > 1; i--) series = series * r * ((REAL)1 / i) + 1;
    vector power = (vector)((__builtin_convertvector(k, integers) + BIAS) << MANTISSA);
    return series * r * power + (power - 1);
}

static inline vector sigmoid(vector z) { return 1 / (2 + expm1_of(-z)); }

static inline vector hyperbolic_tangent(vector z) {
    vector e = expm1_of(smaller(larger(2 * z, splat(-ENOUGH)), splat(ENOUGH)));
    return e / (e + 2);
}

enum activation { LINEAR, SIGMOID, TANH, RELU, LEAKY_RELU, SOFTMAX };

#define LEAK ((REAL)0.01)

/* Softmax couples the units of an example: it is no function of one number, see `softmax` in step.c. */
static inline vector activate(vector z, long activation) {
    switch (activation) {
    case SIGMOID: return sigmoid(z);
    case TANH: return hyperbolic_tangent(z);
    case RELU: return choose(z < 0, splat(0), z);
    case LEAKY_RELU: return choose(z < 0, z * LEAK, z);
    default: return z;
    }
}

static inline vector derivative(vector a, long activation) {
    switch (activation) {
    case SIGMOID: return a * (1 - a);
    case TANH: return 1 - a * a;
    case RELU: return choose(a > 0, splat(1), splat(0));
    case LEAKY_RELU: return choose(a > 0, splat(1), splat(LEAK));
    default: return splat(1);
    }
}
