/* Each returns one of its parameters: the register that it takes it from is where it came in. */
#define WHOLE(n) \
    long whole##n(long p0, long p1, long p2, long p3, long p4, long p5, long p6, long p7, long p8) { \
        return p##n; \
    }
#define REAL(n) \
    double real##n(double p0, double p1, double p2, double p3, double p4, double p5, double p6, \
                   double p7, double p8) { \
        return -p##n; \
    }
WHOLE(0) WHOLE(1) WHOLE(2) WHOLE(3) WHOLE(4) WHOLE(5) WHOLE(6) WHOLE(7) WHOLE(8)
REAL(0) REAL(1) REAL(2) REAL(3) REAL(4) REAL(5) REAL(6) REAL(7) REAL(8)
