#define ANSWER 1
