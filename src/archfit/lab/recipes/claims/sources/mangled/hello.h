void say_hello(void);
