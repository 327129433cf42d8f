module example.com/dlopen

go 1.19
